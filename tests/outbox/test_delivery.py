"""Each message leaves at most once, and no message holds up another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from channels import Script, accept, channels, connect
from mailroom import Mailroom
from plugdesk.contract.addresses import Address
from plugdesk.contract.messages import DeliveryReport, OutgoingMessage, Sent, SentState
from plugdesk.contract.tickets import SYSTEM, Actor, TicketInfo
from plugdesk.errors import ChannelSignedOut, ChannelUnavailable, Refused
from plugdesk.outbox import delivery, settle
from plugdesk.outbox.evidence import settle_by_bounce
from plugdesk.outbox.models import OutboxEntry
from plugdesk.tickets import operations
from plugdesk.tickets.access import lock_ticket
from plugdesk.tickets.drafts import Upload
from plugdesk.tickets.models import StoredAttachment, Ticket
from polling import wait_until
from sqlalchemy import select, text


def entries(room: Mailroom) -> list[OutboxEntry]:
    """Return the outbox, oldest first."""
    with room.site.db.read() as session:
        return list(session.scalars(select(OutboxEntry).order_by(OutboxEntry.id)))


def states(room: Mailroom) -> list[str]:
    """Return how far each message got."""
    return [entry.state for entry in entries(room)]


def raising(error: Exception) -> Callable[[OutgoingMessage], Sent]:
    """Return a way of sending that fails."""

    def send(_message: OutgoingMessage) -> Sent:
        raise error

    return send


@pytest.mark.parametrize(
    ("send", "state", "event"),
    [
        (accept, "accepted", "message_sent"),
        (raising(ChannelUnavailable("Later")), "deferred", ""),
        (lambda _: Sent(state=SentState.FAILED, detail="550 no"), "failed", "message_failed"),
        (lambda _: Sent(state=SentState.UNKNOWN), "unknown", "message_unknown"),
        (raising(ZeroDivisionError()), "unknown", "message_unknown"),
        (raising(TimeoutError()), "unknown", "message_unknown"),
    ],
)
def test_how_an_attempt_ends(
    room: Mailroom, agent: Actor, ticket: Ticket, script: Script,
    send: Callable[[OutgoingMessage], Sent], state: str, event: str,
) -> None:  # fmt: skip
    """Whatever a channel does, the outcome is told, and doubt is never sent again."""
    script.send = send
    room.answer(agent, ticket.id)

    delivery.run(room.site)
    delivery.run(room.site)

    assert states(room) == [state]
    assert len(script.sent) == 1
    told = {found.kind for found in room.events(ticket_id=ticket.id)}
    assert told & {"message_sent", "message_failed", "message_unknown"} == {event} - {""}


def test_a_deferred_message_waits_longer_each_time(
    room: Mailroom, agent: Actor, ticket: Ticket, script: Script
) -> None:
    """After days the agent is told that it failed; until then it keeps its Message-ID."""
    script.send = raising(ChannelUnavailable("451 later"))
    room.answer(agent, ticket.id)
    waits = []
    for _ in range(100):
        delivery.run(room.site)
        [entry] = entries(room)
        if entry.state == "failed":
            break
        waits.append((entry.send_after - room.clock.now()).total_seconds())
        room.clock.move(seconds=waits[-1])

    assert waits[: len(delivery.WAITS)] == list(delivery.WAITS)
    assert delivery.GIVE_UP_AFTER.total_seconds() <= sum(waits) < 1.1 * 4 * 86400
    assert len({message.message_id for message in script.sent}) == 1
    assert entries(room)[0].detail == "451 later"


def test_what_waited_for_its_account_gets_its_attempts(
    room: Mailroom, agent: Actor, ticket: Ticket, script: Script
) -> None:
    """A message that a week-long pause kept here is not given up at its first greylisting."""
    room.answer(agent, ticket.id)
    room.clock.move(days=7)
    script.send = raising(ChannelUnavailable("451 later"))

    delivery.run(room.site)

    assert states(room) == ["deferred"]


def test_a_message_that_cannot_be_put_together_stops_no_other(
    room: Mailroom, agent: Actor, ticket: Ticket, script: Script
) -> None:
    """One whose file is lost waits, and in the end fails; the next one leaves at once."""
    file = Upload(name="a.txt", content_type="text/plain", content=b"soon gone")
    room.answer(agent, ticket.id, "broken", files=(file,))
    room.answer(agent, ticket.id, "whole")
    with room.site.db.write() as session:
        session.query(StoredAttachment).update({"blob_hash": "0" * 64})

    delivery.run(room.site)

    assert states(room) == ["deferred", "accepted"]
    assert [message.text for message in script.sent] == ["whole"]
    assert "missing" in entries(room)[0].detail


def test_a_signed_out_account_stops_and_keeps_its_mail(
    room: Mailroom, agent: Actor, ticket: Ticket, script: Script
) -> None:
    """The owner is told by the account's state; another account's mail leaves all the same."""
    other = Script()
    elsewhere = connect(room, "sales@desk.test", other)
    second = room.ticket(room.message(room.arrive(elsewhere, b"Hello")[0]).ticket_id)
    script.send = raising(ChannelSignedOut("Wrong password"))
    room.answer(agent, ticket.id)
    room.answer(agent, second.id)

    delivery.run(room.site)
    room.clock.move(hours=1)
    delivery.run(room.site)

    assert states(room) == ["deferred", "accepted"]
    assert (len(script.sent), len(other.sent)) == (1, 1)


def test_plugins_may_not_redirect_a_message(open_mailroom: Callable[..., Mailroom]) -> None:
    """They change its words; whom it goes to, and its Message-ID, stay."""

    def message_outgoing(message: OutgoingMessage, ticket: TicketInfo) -> OutgoingMessage:
        eve = (Address("", "eve@evil.test"),)
        return replace(message, text="changed", to=eve, cc=eve, bcc=eve, message_id="x@y")

    room = open_mailroom(
        scripted={"channels": channels}, bad={"message_outgoing": message_outgoing}
    )
    script = Script()
    account = connect(room, "support@desk.test", script)
    ticket = room.message(room.arrive(account, b"Hello")[0]).ticket_id
    ours = room.answer(room.agent(), ticket)

    delivery.run(room.site)

    [sent] = script.sent
    assert sent.text == "changed"
    assert [str(address) for address in (*sent.to, *sent.cc, *sent.bcc)] == ["ann@customer.test"]
    assert sent.message_id == ours.header_id


@pytest.mark.parametrize("state", ["queued", "deferred", "sending", "accepted", "cancelled"])
def test_only_failed_and_doubtful_ones_are_sent_again(
    room: Mailroom, agent: Actor, ticket: Ticket, state: str
) -> None:
    """And only doubtful ones can be decided."""
    message = room.answer(agent, ticket.id)
    with room.site.db.write() as session:
        session.query(OutboxEntry).update({"state": state})

    with pytest.raises(Refused), room.site.db.write() as session:
        operations.send_again(room.site, session, agent, message.id)
    with pytest.raises(Refused), room.site.db.write() as session:
        operations.resolve_unknown(room.site, session, agent, message.id, sent=True)


def test_an_agent_may_send_again_and_it_is_the_same_message(
    room: Mailroom, agent: Actor, ticket: Ticket, script: Script
) -> None:
    """A mail client shows two copies of one Message-ID as one."""
    script.send = lambda _: Sent(state=SentState.FAILED, detail="550")
    message = room.answer(agent, ticket.id)
    delivery.run(room.site)
    script.send = accept

    with room.site.db.write() as session:
        operations.send_again(room.site, session, agent, message.id)
    delivery.run(room.site)

    assert states(room) == ["accepted"]
    assert {sent.message_id for sent in script.sent} == {message.header_id}
    assert len(script.sent) == 2


@pytest.mark.parametrize("sent", [True, False])
def test_an_agent_decides_what_nobody_knows(
    room: Mailroom, agent: Actor, ticket: Ticket, script: Script, sent: bool
) -> None:
    """Once; the decision is in the log with their name."""
    script.send = lambda _: Sent(state=SentState.UNKNOWN)
    message = room.answer(agent, ticket.id)
    delivery.run(room.site)

    with room.site.db.write() as session:
        operations.resolve_unknown(room.site, session, agent, message.id, sent=sent)

    assert states(room) == ["accepted" if sent else "failed"]
    event = room.events(ticket_id=ticket.id)[-1]
    assert event.kind == ("message_sent" if sent else "message_failed")
    assert event.actor_person_id == agent.person_id
    with pytest.raises(Refused), room.site.db.write() as session:
        operations.resolve_unknown(room.site, session, agent, message.id, sent=sent)


@pytest.mark.parametrize("found", [True, False, None])
def test_the_providers_own_copy_settles_doubt(
    room: Mailroom, agent: Actor, ticket: Ticket, script: Script, found: bool | None
) -> None:
    """Only when it is there; its absence proves nothing."""
    script.send = lambda _: Sent(state=SentState.UNKNOWN)
    script.was_sent = lambda _message: found
    room.answer(agent, ticket.id)
    delivery.run(room.site)

    settle.run(room.site)

    assert states(room) == ["accepted" if found else "unknown"]


@pytest.mark.parametrize("error", [ChannelUnavailable("away"), OSError("reset"), KeyError("bug")])
def test_an_account_in_trouble_holds_up_no_other_copies(
    room: Mailroom, agent: Actor, ticket: Ticket, script: Script, error: Exception
) -> None:
    """However many of its copies wait before the others'."""

    def refuse(_message: OutgoingMessage) -> None:
        raise error

    script.keep_copy = refuse
    kept: list[str] = []
    other = Script(keep_copy=lambda message: kept.append(message.message_id))
    second = room.message(room.arrive(connect(room, "b@desk.test", other), b"Hello")[0]).ticket_id
    for _ in range(settle.BATCH + 1):
        room.answer(agent, ticket.id)
    message = room.answer(agent, second)
    delivery.run(room.site)

    settle.run(room.site)
    settle.run(room.site)

    assert kept == [message.header_id]


def test_an_outcome_and_a_bounce_at_once_do_not_block(
    room: Mailroom, agent: Actor, ticket: Ticket, script: Script
) -> None:
    """A bounce that is faster than our own bookkeeping is believed, and neither worker fails."""
    handed, go_on = threading.Event(), threading.Event()

    def send(_message: OutgoingMessage) -> Sent:
        handed.set()
        assert go_on.wait(10)
        return Sent(state=SentState.ACCEPTED)

    script.send = send
    message = room.answer(agent, ticket.id)
    worker = threading.Thread(target=delivery.run, args=(room.site,))
    worker.start()
    assert handed.wait(10)
    report = DeliveryReport(
        recipient="ann@customer.test", diagnostic="550", original_message_id=message.header_id
    )

    with room.site.db.write() as session:
        lock_ticket(session, SYSTEM, ticket.id)
        go_on.set()
        if room.site.db.dialect == "postgresql":
            wait_until(lambda: waiting_for_locks(room))
        settle_by_bounce(room.site, session, ticket.account_id, [report])
    worker.join(20)

    assert not worker.is_alive()
    [entry] = entries(room)
    assert (entry.state, entry.refused) == ("failed", {"ann@customer.test": "550"})
    kinds = [event.kind for event in room.events(ticket_id=ticket.id)]
    assert (kinds.count("message_failed"), kinds.count("message_sent")) == (1, 0)


def waiting_for_locks(room: Mailroom) -> bool:
    """Whether some session of the database waits for another."""
    query = text(
        "select count(*) from pg_stat_activity"
        " where wait_event_type = 'Lock' and datname = current_database()"
    )
    with room.site.db.read() as session:
        return bool(session.scalar(query))
