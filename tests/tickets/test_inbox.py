"""The inbox: folders, counts and pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mailroom import Mailroom
from plugdesk.contract.tickets import SYSTEM, Actor
from plugdesk.errors import Refused
from plugdesk.outbox.models import OutboxEntry
from plugdesk.testing.sites import MOMENT
from plugdesk.tickets.models import Message, Ticket
from plugdesk.tickets.queries import COUNT_LIMIT, Folder, folder_counts, inbox_page
from sqlalchemy import delete, insert


def fill(room: Mailroom, account: int, minutes: list[int]) -> list[int]:
    """Make the only tickets, active so many minutes after the beginning; returns their ids."""
    with room.site.db.write() as session:
        session.execute(delete(Ticket))
        rows = [
            Ticket(
                account_id=account,
                created_at=MOMENT,
                activity_at=MOMENT + timedelta(minutes=number, microseconds=number),
            )
            for number in minutes
        ]
        session.add_all(rows)
        session.flush()
        rows.sort(key=lambda row: (row.activity_at, row.id), reverse=True)
        return [row.id for row in rows]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(minutes=st.lists(st.integers(0, 4), max_size=30), limit=st.integers(1, 7))
def test_pages_cover_all_rows_once(
    mailroom: Mailroom, account: int, minutes: list[int], limit: int
) -> None:
    """Newest first, in one order also where times are equal, and the last page says so."""
    expected = fill(mailroom, account, minutes)
    found: list[int] = []
    before = None
    with mailroom.site.db.read() as session:
        for _ in range(len(minutes) + 1):
            page = inbox_page(session, SYSTEM, Folder.OPEN, before=before, limit=limit)
            assert len(page.rows) <= limit
            found += [row.id for row in page.rows]
            before = page.next
            if before is None:
                break

    assert found == expected
    assert before is None


@pytest.mark.parametrize(
    "before",
    [
        "x",
        "-",
        "1",
        "1-",
        "-1-2",
        "1-2-3",
        "1-2\n",
        "١-٢",
        "1" * 18 + "-1",
        "1-" + "1" * 19,
        "' or 1",
    ],
)
def test_a_damaged_position_is_refused(mailroom: Mailroom, before: str) -> None:
    """With a sentence (case S33)."""
    with mailroom.site.db.read() as session, pytest.raises(Refused, match="damaged"):
        inbox_page(session, SYSTEM, Folder.OPEN, before=before)


@pytest.mark.parametrize("before", ["0-0", "9" * 17 + "-" + "9" * 18])
def test_the_furthest_positions_are_positions(
    mailroom: Mailroom, ticket: Ticket, before: str
) -> None:
    """Both ends of what the form allows are read without an error."""
    with mailroom.site.db.read() as session:
        rows = inbox_page(session, SYSTEM, Folder.OPEN, before=before).rows

    assert len(rows) == (0 if before == "0-0" else 1)


def test_counting_stops(mailroom: Mailroom, account: int) -> None:
    """A long queue costs no more than its first thousand."""
    row = {"account_id": account, "created_at": MOMENT, "activity_at": MOMENT}
    with mailroom.site.db.write() as session:
        session.execute(insert(Ticket), [row] * (COUNT_LIMIT + 5))

    with mailroom.site.db.read() as session:
        counts = folder_counts(session, SYSTEM)

    assert counts[Folder.OPEN] == counts[Folder.UNASSIGNED] == COUNT_LIMIT
    assert counts[Folder.MINE] == counts[Folder.TRASH] == 0


PLACES = {
    Folder.UNASSIGNED: {"status": "open"},
    Folder.PENDING: {"status": "pending"},
    Folder.RESOLVED: {"status": "resolved"},
    Folder.CLOSED: {"status": "closed"},
    Folder.SPAM: {"place": "spam", "status": "pending"},
    Folder.TRASH: {"place": "trash"},
}


@pytest.mark.parametrize("folder", PLACES)
def test_a_ticket_lies_in_its_folder(
    mailroom: Mailroom, agent: Actor, ticket: Ticket, folder: Folder
) -> None:
    """And in no other, but for the two views of open ones."""
    mailroom.set(ticket.id, **PLACES[folder])

    with mailroom.site.db.read() as session:
        counts = folder_counts(session, agent)

    both = {Folder.UNASSIGNED, Folder.OPEN} if folder is Folder.UNASSIGNED else {folder}
    assert {name for name, number in counts.items() if number} == both


def test_mine_is_what_waits_for_me(mailroom: Mailroom, agent: Actor, ticket: Ticket) -> None:
    """Open and pending; the desk itself, which is nobody, has none."""
    for status, expected in (("open", 1), ("pending", 1), ("resolved", 0)):
        mailroom.set(ticket.id, assignee_id=agent.person_id, status=status)
        with mailroom.site.db.read() as session:
            assert folder_counts(session, agent)[Folder.MINE] == expected
            assert folder_counts(session, SYSTEM)[Folder.MINE] == 0
    mailroom.set(ticket.id, assignee_id=None, status="open")
    with mailroom.site.db.read() as session:
        assert folder_counts(session, SYSTEM)[Folder.MINE] == 0


@pytest.mark.parametrize("state", ["failed", "unknown", "deferred", "accepted"])
def test_a_row_tells_of_replies_in_trouble(
    mailroom: Mailroom, agent: Actor, ticket: Ticket, state: str
) -> None:
    """What arrived is nothing to tell."""
    reply: Message = mailroom.answer(agent, ticket.id)
    with mailroom.site.db.write() as session:
        session.query(OutboxEntry).filter_by(message_id=reply.id).update({"state": state})

    with mailroom.site.db.read() as session:
        [row] = inbox_page(session, agent, Folder.OPEN).rows

    assert row.delivery == ("" if state == "accepted" else state)
    assert row.requester is not None
    assert row.requester.address == "ann@customer.test"
    assert row.message_count == 2
