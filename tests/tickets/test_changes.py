"""Changing fields and tags of a ticket."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailroom import Mailroom
from plugdesk.contract.tickets import Actor, Change, Place, Priority, Role, Status, TicketInfo
from plugdesk.errors import Refused
from plugdesk.people.models import Agent
from plugdesk.tickets import operations
from plugdesk.tickets.changes import LONGEST_TAG, clean_tag
from plugdesk.tickets.infos import ticket_info
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.queries import Folder, inbox_page


def change(room: Mailroom, actor: Actor, ticket_id: int, **wanted: object) -> TicketInfo:
    """Change a ticket and return it as it then stands."""
    with room.site.db.write() as session:
        ticket = operations.change(room.site, session, actor, ticket_id, Change(**wanted))  # type: ignore[arg-type]
        return ticket_info(session, ticket)


def test_every_field_is_recorded_before_and_after(
    mailroom: Mailroom, agent: Actor, ticket: Ticket
) -> None:
    """One change is one event and one version, by its author."""
    team = mailroom.team("Support")

    after = change(
        mailroom, agent, ticket.id, status=Status.PENDING, place=Place.SPAM,
        priority=Priority.HIGH, assignee_id=agent.person_id, team_id=team,
        subject="New\r\n name", add_tags=("VIP",),
    )  # fmt: skip

    assert after.version == ticket.version + 1
    [event] = mailroom.events("ticket_changed")
    assert event.data["changes"] == {
        "status": ["open", "pending"],
        "place": ["inbox", "spam"],
        "priority": ["normal", "high"],
        "assignee_id": [None, agent.person_id],
        "team_id": [None, team],
        "subject": ["My order", "New name"],
        "tags": [[], ["vip"]],
    }
    assert (event.actor_kind, event.actor_person_id) == ("agent", agent.person_id)
    back = change(mailroom, agent, ticket.id, unassign=True, leave_team=True, remove_tags=("#Vip",))
    assert (back.assignee_id, back.team_id, back.tags) == (None, None, ())


def test_nothing_new_is_no_event(mailroom: Mailroom, agent: Actor, ticket: Ticket) -> None:
    """A form sent without changes leaves the version and the log alone."""
    change(mailroom, agent, ticket.id, add_tags=("a",))
    before = mailroom.ticket(ticket.id).version

    after = change(
        mailroom, agent, ticket.id, status=Status.OPEN, place=Place.INBOX, unassign=True,
        leave_team=True, subject="My  order", add_tags=("#A", " "), remove_tags=("none",),
    )  # fmt: skip
    change(mailroom, agent, ticket.id)

    assert after.version == before
    assert len(mailroom.events("ticket_changed")) == 1


def test_tickets_go_to_those_who_can_work_on_them(
    mailroom: Mailroom, agent: Actor, ticket: Ticket
) -> None:
    """No observers, customers, former agents, strangers, or teams that are gone."""
    former = mailroom.agent()
    with mailroom.site.db.write() as session:
        session.get_one(Agent, former.person_id).active = False
    nobody = [mailroom.agent(Role.OBSERVER).person_id, former.person_id, ticket.requester_id, 4711]

    for person in nobody:
        with pytest.raises(Refused, match="active agents"):
            change(mailroom, agent, ticket.id, assignee_id=person)
    with pytest.raises(Refused, match="team"):
        change(mailroom, agent, ticket.id, team_id=4711, status=Status.CLOSED)

    assert mailroom.ticket(ticket.id).status == "open"
    assert mailroom.events("ticket_changed") == []


def test_a_plugin_may_refuse_with_a_sentence(open_mailroom: Callable[..., Mailroom]) -> None:
    """The agent reads it and nothing changes, also when the change comes with a reply."""

    def check_change(change: Change, ticket: TicketInfo) -> str | None:
        return "Close it with a reason." if change.status is Status.CLOSED else None

    room = open_mailroom(reasons={"check_change": check_change})
    agent = room.agent()
    ticket = room.ticket_from(room.account())

    with pytest.raises(Refused, match="with a reason"):
        change(room, agent, ticket.id, status=Status.CLOSED, add_tags=("a",))
    with pytest.raises(Refused, match="with a reason"):
        room.answer(agent, ticket.id, status_after=Status.CLOSED)

    assert change(room, agent, ticket.id, status=Status.PENDING).tags == ()
    assert room.ticket(ticket.id).message_count == 1


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("#Refund", "refund"),
        ("# Refund ", "refund"),
        ("Cafe\u0301", "café"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("a\tb\nc", "a b c"),
        ("환불", "환불"),
        ("환불".encode().decode(), "환불"),
        ("ß" * 60, "s" * 60),
    ],
)
def test_a_tag_has_one_form(
    mailroom: Mailroom, agent: Actor, ticket: Ticket, written: str, stored: str
) -> None:
    """It is found, and taken away, in any spelling."""
    assert change(mailroom, agent, ticket.id, add_tags=(written,)).tags == (stored,)

    with mailroom.site.db.read() as session:
        [row] = inbox_page(session, agent, Folder.OPEN, tag=written).rows
    assert row.tags == (stored,)
    assert change(mailroom, agent, ticket.id, remove_tags=(written,)).tags == ()


@given(st.text(max_size=200))
def test_cleaning_a_tag_twice_changes_nothing(name: str) -> None:
    """What is stored is what is compared, and it fits its column."""
    tag = clean_tag(name)

    assert clean_tag(tag) == tag
    assert clean_tag(f"#{name}") == tag
    assert len(tag) <= LONGEST_TAG
    assert tag == tag.strip()
