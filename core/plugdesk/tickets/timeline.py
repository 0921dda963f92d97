"""Everything that happened on a ticket, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import PersonInfo
from plugdesk.events.models import EventRow
from plugdesk.i18n import shown
from plugdesk.outbox.models import OutboxEntry
from plugdesk.people.queries import person_infos
from plugdesk.tickets.models import Message, Note, StoredAttachment, Ticket

#: Kinds that stand in the timeline as their message or note already.
_SHOWN_OTHERWISE = ("message_received", "message_queued", "message_sent", "note_added")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far an outgoing message got."""

    state: str
    """A state of `outbox.models.OutboxEntry`."""
    send_after: datetime
    detail: str
    refused: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineFile:
    """A file of a message or note."""

    id: int
    name: str
    content_type: str
    size: int
    content_id: str
    inline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineMessage:
    """A message in the timeline."""

    id: int
    at: datetime
    incoming: bool
    author: PersonInfo | None
    author_plugin: str
    sender_name: str
    sender_address: str
    sender_certain: bool
    to: list[dict[str, str]]
    cc: list[dict[str, str]]
    bcc: list[dict[str, str]]
    reply_to: list[dict[str, str]]
    subject: str
    text: str
    """Up to where the quotation begins."""
    quoted: str
    """The quotation of earlier messages, folded by pages."""
    has_html: bool
    automatic: str
    reports: list[dict[str, Any]]
    defects: list[str]
    sent_at: datetime | None
    delivery: Delivery | None
    files: tuple[TimelineFile, ...]
    thread_rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineNote:
    """A note in the timeline."""

    id: int
    at: datetime
    author: PersonInfo | None
    author_plugin: str
    text: str
    files: tuple[TimelineFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """A recorded fact in the timeline."""

    id: int
    at: datetime
    kind: str
    actor_kind: str
    actor: PersonInfo | None
    actor_plugin: str
    data: dict[str, Any]


TimelineItem = TimelineMessage | TimelineNote | TimelineEvent


def timeline(session: Session, ticket: Ticket) -> list[TimelineItem]:
    """Return a ticket's messages, notes and events, oldest first, in six queries.

    Messages taken back before they left are left out.
    """
    messages = session.scalars(select(Message).where(Message.ticket_id == ticket.id)).all()
    notes = session.scalars(select(Note).where(Note.ticket_id == ticket.id)).all()
    facts = session.scalars(
        select(EventRow).where(
            EventRow.ticket_id == ticket.id, EventRow.kind.not_in(_SHOWN_OTHERWISE)
        )
    ).all()
    people = person_infos(
        session,
        [message.person_id for message in messages]
        + [note.person_id for note in notes]
        + [fact.actor_person_id for fact in facts],
    )
    entries = _deliveries(session, ticket.id)
    files = _files(session, [m.id for m in messages], [n.id for n in notes])
    items: list[TimelineItem] = [
        _message(message, people, entries.get(message.id), files.get(("message", message.id), ()))
        for message in messages
        if message.id not in entries or entries[message.id].state != "cancelled"
    ]
    items += [_note(note, people, files.get(("note", note.id), ())) for note in notes]
    items += [_event(fact, people) for fact in facts]
    return sorted(items, key=_order)


def _order(item: TimelineItem) -> tuple[datetime, int, int]:
    """Same moment: the event that made the ticket first, then what was said, then changes."""
    if isinstance(item, TimelineEvent):
        return item.at, 0 if item.kind == "ticket_created" else 2, item.id
    return item.at, 1, item.id


def _deliveries(session: Session, ticket_id: int) -> dict[int, OutboxEntry]:
    query = (
        select(OutboxEntry)
        .join(Message, Message.id == OutboxEntry.message_id)
        .where(Message.ticket_id == ticket_id)
    )
    return {entry.message_id: entry for entry in session.scalars(query)}


def _files(
    session: Session, messages: list[int], notes: list[int]
) -> dict[tuple[str, int], tuple[TimelineFile, ...]]:
    rows = select(StoredAttachment).order_by(StoredAttachment.id)
    found: dict[tuple[str, int], list[TimelineFile]] = {}
    for row in session.scalars(rows.where(StoredAttachment.message_id.in_(messages))):
        found.setdefault(("message", row.message_id or 0), []).append(_file(row))
    for row in session.scalars(rows.where(StoredAttachment.note_id.in_(notes))) if notes else ():
        found.setdefault(("note", row.note_id or 0), []).append(_file(row))
    return {parent: tuple(files) for parent, files in found.items()}


def _file(row: StoredAttachment) -> TimelineFile:
    return TimelineFile(
        id=row.id,
        name=row.name,
        content_type=row.content_type,
        size=row.size,
        content_id=row.content_id,
        inline=row.inline,
    )


def _message(
    row: Message,
    people: dict[int, PersonInfo],
    entry: OutboxEntry | None,
    files: Iterable[TimelineFile],
) -> TimelineMessage:
    cut = len(row.text) if row.quote_start is None else row.quote_start
    return TimelineMessage(
        id=row.id,
        at=row.created_at,
        incoming=row.direction == "incoming",
        author=people.get(row.person_id or 0),
        author_plugin=row.author_plugin,
        sender_name=row.sender_name,
        sender_address=row.sender_address,
        sender_certain=row.sender_certain,
        to=row.to,
        cc=row.cc,
        bcc=row.bcc,
        reply_to=row.reply_to,
        subject=row.subject,
        text=row.text[:cut].rstrip(),
        quoted=row.text[cut:].strip("\n"),
        has_html=row.has_html,
        automatic=row.automatic,
        reports=row.reports,
        defects=[shown(defect) for defect in row.defects],
        sent_at=row.sent_at,
        delivery=None if entry is None else _delivery(entry),
        files=tuple(files),
        thread_rule=row.thread_rule,
    )


def _delivery(entry: OutboxEntry) -> Delivery:
    return Delivery(
        state=entry.state,
        send_after=entry.send_after,
        detail=shown(entry.detail),
        refused={recipient: shown(reason) for recipient, reason in entry.refused.items()},
    )


def _note(row: Note, people: dict[int, PersonInfo], files: Iterable[TimelineFile]) -> TimelineNote:
    return TimelineNote(
        id=row.id,
        at=row.created_at,
        author=people.get(row.person_id or 0),
        author_plugin=row.author_plugin,
        text=row.text,
        files=tuple(files),
    )


def _event(row: EventRow, people: dict[int, PersonInfo]) -> TimelineEvent:
    return TimelineEvent(
        id=row.id,
        at=row.at,
        kind=row.kind,
        actor_kind=row.actor_kind,
        actor=people.get(row.actor_person_id or 0),
        actor_plugin=row.actor_plugin,
        data=row.data,
    )
