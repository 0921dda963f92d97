"""What shows afterwards whether a message left, and what does not."""

from __future__ import annotations

import pytest
from mailroom import Mailroom, bounce, mail
from plugdesk.contract.tickets import Actor
from plugdesk.outbox.models import OutboxEntry
from plugdesk.tickets.models import Message
from sqlalchemy import select


@pytest.fixture
def account(mailroom: Mailroom) -> int:
    """A mailbox."""
    return mailroom.account()


@pytest.fixture
def agent(mailroom: Mailroom) -> Actor:
    """An ordinary agent."""
    return mailroom.agent()


def reply_in(room: Mailroom, agent: Actor, account: int, state: str) -> Message:
    """Return a reply that got so far."""
    ticket = room.ticket_from(account)
    message = room.answer(agent, ticket.id, "It left\non Monday.")
    with room.site.db.write() as session:
        session.query(OutboxEntry).filter_by(message_id=message.id).update({"state": state})
    return message


def entry_of(room: Mailroom, message: Message) -> OutboxEntry:
    """Return how far a message got."""
    with room.site.db.read() as session:
        return session.scalars(
            select(OutboxEntry).where(OutboxEntry.message_id == message.id)
        ).one()


@pytest.mark.parametrize("headers", [[], ["Auto-Submitted: auto-replied"]])
def test_an_answer_shows_that_it_arrived(
    mailroom: Mailroom, agent: Actor, account: int, headers: list[str]
) -> None:
    """A machine's answer, too; and the reply is told to have left, once."""
    ours = reply_in(mailroom, agent, account, "unknown")

    mailroom.arrive(account, mail("Thanks", in_reply_to=ours.header_id, headers=headers))
    mailroom.arrive(account, mail("Again", in_reply_to=ours.header_id, headers=headers))

    assert entry_of(mailroom, ours).state == "accepted"
    assert len(mailroom.events("message_sent", ours.ticket_id)) == 1


@pytest.mark.parametrize("state", ["queued", "sending", "accepted", "failed", "cancelled"])
def test_an_answer_settles_nothing_but_doubt(
    mailroom: Mailroom, agent: Actor, account: int, state: str
) -> None:
    """Other states are not a matter of evidence."""
    ours = reply_in(mailroom, agent, account, state)

    mailroom.arrive(account, mail("Thanks", in_reply_to=ours.header_id))

    assert entry_of(mailroom, ours).state == state


@pytest.mark.parametrize("state", ["sending", "unknown", "accepted"])
def test_a_bounce_fails_what_seemed_sent(
    mailroom: Mailroom, agent: Actor, account: int, state: str
) -> None:
    """With the server's words, for the recipient that it names."""
    ours = reply_in(mailroom, agent, account, state)

    mailroom.arrive(account, bounce(ours.header_id))

    entry = entry_of(mailroom, ours)
    assert entry.state == "failed"
    assert "550 no such user" in entry.refused["ann@customer.test"]
    assert len(mailroom.events("message_failed", ours.ticket_id)) == 1


def test_a_bounce_of_somebody_elses_mail_settles_nothing(
    mailroom: Mailroom, agent: Actor, account: int
) -> None:
    """Unknown and foreign Message-IDs, and those of another account, touch no reply."""
    ours = reply_in(mailroom, agent, account, "unknown")
    other = mailroom.account("sales@desk.test")

    mailroom.arrive(account, bounce("elsewhere@x.test"))
    mailroom.arrive(other, bounce(ours.header_id))

    assert entry_of(mailroom, ours).state == "unknown"


@pytest.mark.parametrize("text", ["It left\non Monday.", "It left on\nMonday.\n\n-- \nThe team"])
def test_our_own_copy_is_no_new_message(
    mailroom: Mailroom, agent: Actor, account: int, text: str
) -> None:
    """The provider's copy in a watched folder settles doubt and shows as a sighting."""
    ours = reply_in(mailroom, agent, account, "unknown")
    copy = mail(text, sender="support <support@desk.test>", message_id=ours.header_id)

    seen = mailroom.arrive(account, copy)[0]

    assert seen == ours.id
    assert mailroom.journal()[-1].state == "seen"
    assert entry_of(mailroom, ours).state == "accepted"
    assert mailroom.ticket(ours.ticket_id).message_count == 2
    assert len(mailroom.receipt(ours.id).sighted) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": "Eve <eve@evil.test>"},
        {"text": "Pay to this account instead."},
        {"sender": "support@desk.test\nFrom: eve@evil.test"},
        {"sender": "support@desk.test, eve@evil.test"},
    ],
)
def test_borrowing_our_message_id_hides_nothing(
    mailroom: Mailroom, agent: Actor, account: int, fields: dict[str, str]
) -> None:
    """Another author, other words or a doubtful sender: a visible message, and no evidence."""
    ours = reply_in(mailroom, agent, account, "unknown")
    values = {"text": ours.text, "sender": "support <support@desk.test>", **fields}

    seen = mailroom.arrive(account, mail(message_id=ours.header_id, **values))[0]

    assert seen != ours.id
    assert mailroom.message(seen).direction == "incoming"
    assert mailroom.journal()[-1].state == "visible"
    assert entry_of(mailroom, ours).state == "unknown"
