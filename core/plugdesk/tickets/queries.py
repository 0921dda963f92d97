"""The inbox: folders, their counts, and pages of rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, ScalarSelect, and_, false, func, or_, select
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor, PersonInfo
from plugdesk.db.base import BIGGEST_ID
from plugdesk.errors import Refused
from plugdesk.i18n import gettext
from plugdesk.outbox.models import OutboxEntry
from plugdesk.people.queries import person_infos
from plugdesk.tickets.access import visible_to
from plugdesk.tickets.changes import clean_tag
from plugdesk.tickets.models import Message, Tag, Ticket, TicketTag

#: Counting stops here; pages then show "999+". Counting a long queue would cost more than it says.
COUNT_LIMIT = 1000
PAGE_ROWS = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POSITION = re.compile(r"(\d{1,17})-(\d{1,18})", re.ASCII)


class Folder(StrEnum):
    """A fixed view of the inbox."""

    UNASSIGNED = "unassigned"
    MINE = "mine"
    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"
    SPAM = "spam"
    TRASH = "trash"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """One line of the inbox."""

    id: int
    subject: str
    snippet: str
    status: str
    priority: str
    requester: PersonInfo | None
    assignee: PersonInfo | None
    team_id: int | None
    tags: tuple[str, ...]
    message_count: int
    has_attachments: bool
    activity_at: datetime
    delivery: str
    """`failed`, `unknown` or `deferred` when a reply is in trouble, else empty."""
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxPage:
    """Some lines of the inbox, newest first, and how to ask for those after them."""

    rows: tuple[InboxRow, ...]
    next: str | None


def inbox_page(
    session: Session,
    actor: Actor,
    folder: Folder,
    *,
    before: str | None = None,
    limit: int = PAGE_ROWS,
    tag: str | None = None,
) -> InboxPage:
    """Return a page of a folder, in four queries whatever its length.

    `before` is the `next` of the page before. Raises Refused when it is none.
    """
    query = select(Ticket).where(folder_condition(folder, actor), visible_to(actor))
    if before:
        query = query.where(_older_than(before))
    if tag:
        tagged = select(TicketTag.ticket_id).join(Tag).where(Tag.name == clean_tag(tag))
        query = query.where(Ticket.id.in_(tagged))
    newest_first = query.order_by(Ticket.activity_at.desc(), Ticket.id.desc())
    tickets = session.scalars(newest_first.limit(limit + 1)).all()
    shown = tickets[:limit]
    more = len(tickets) > limit
    return InboxPage(rows=tuple(_rows(session, shown)), next=_position(shown[-1]) if more else None)


def folder_counts(session: Session, actor: Actor) -> dict[Folder, int]:
    """Return how many tickets lie in each folder, up to COUNT_LIMIT, in one query."""
    counts = [_count(actor, folder).label(folder.value) for folder in Folder]
    row = session.execute(select(*counts)).one()
    return dict(zip(Folder, row, strict=True))


def folder_condition(folder: Folder, actor: Actor) -> ColumnElement[bool]:
    """Return the condition on `Ticket` that puts it into a folder."""
    if folder in (Folder.SPAM, Folder.TRASH):
        return Ticket.place == folder.value
    inbox = Ticket.place == "inbox"
    if folder is Folder.UNASSIGNED:
        return and_(inbox, Ticket.status == "open", Ticket.assignee_id.is_(None))
    if folder is Folder.MINE:
        mine = false() if actor.person_id is None else Ticket.assignee_id == actor.person_id
        return and_(inbox, mine, Ticket.status.in_(("open", "pending")))
    return and_(inbox, Ticket.status == folder.value)


def previous_tickets(
    session: Session, actor: Actor, ticket: Ticket, limit: int = 5
) -> list[Ticket]:
    """Return the requester's other tickets, newest first."""
    if ticket.requester_id is None:
        return []
    query = (
        select(Ticket)
        .where(
            Ticket.requester_id == ticket.requester_id,
            Ticket.id != ticket.id,
            Ticket.place != "trash",
            visible_to(actor),
        )
        .order_by(Ticket.activity_at.desc())
    )
    return list(session.scalars(query.limit(limit)))


def _count(actor: Actor, folder: Folder) -> ScalarSelect[int]:
    some = (
        select(Ticket.id)
        .where(folder_condition(folder, actor), visible_to(actor))
        .limit(COUNT_LIMIT)
        .subquery()
    )
    return select(func.count()).select_from(some).scalar_subquery()


def _rows(session: Session, tickets: Sequence[Ticket]) -> list[InboxRow]:
    ids = [ticket.id for ticket in tickets]
    people = person_infos(
        session, [t.requester_id for t in tickets] + [t.assignee_id for t in tickets]
    )
    tags = _tags(session, ids)
    trouble = _trouble(session, ids)
    return [
        InboxRow(
            id=ticket.id,
            subject=ticket.subject,
            snippet=ticket.snippet,
            status=ticket.status,
            priority=ticket.priority,
            requester=people.get(ticket.requester_id or 0),
            assignee=people.get(ticket.assignee_id or 0),
            team_id=ticket.team_id,
            tags=tuple(tags.get(ticket.id, ())),
            message_count=ticket.message_count,
            has_attachments=ticket.has_attachments,
            activity_at=ticket.activity_at,
            delivery=trouble.get(ticket.id, ""),
            version=ticket.version,
        )
        for ticket in tickets
    ]


def _tags(session: Session, ids: list[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    query = select(TicketTag.ticket_id, Tag.name).join(Tag).where(TicketTag.ticket_id.in_(ids))
    for ticket_id, name in session.execute(query.order_by(Tag.name)):
        names.setdefault(ticket_id, []).append(name)
    return names


def _trouble(session: Session, ids: list[int]) -> dict[int, str]:
    query = (
        select(Message.ticket_id, OutboxEntry.state)
        .join(OutboxEntry, OutboxEntry.message_id == Message.id)
        .where(Message.ticket_id.in_(ids), OutboxEntry.state.in_(("deferred", "failed", "unknown")))
        .order_by(Message.id)
    )
    return {row.ticket_id: row.state for row in session.execute(query)}


def _position(ticket: Ticket) -> str:
    micros = (ticket.activity_at - _EPOCH) // timedelta(microseconds=1)
    return f"{micros}-{ticket.id}"


def _older_than(position: str) -> ColumnElement[bool]:
    match = _POSITION.fullmatch(position)
    if match is None:
        raise Refused(gettext("This page address is damaged. Go back to the inbox."))
    moment = _EPOCH + timedelta(microseconds=int(match[1]))
    return or_(
        Ticket.activity_at < moment,
        and_(Ticket.activity_at == moment, Ticket.id < min(int(match[2]), BIGGEST_ID)),
    )
