"""Single messages and files, for those who may see their ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from plugdesk.contract.tickets import Actor, ActorKind
from plugdesk.db import possible_id
from plugdesk.errors import NotFound
from plugdesk.i18n import gettext
from plugdesk.intake.models import JournalEntry
from plugdesk.tickets.access import visible_to
from plugdesk.tickets.models import Message, Note, StoredAttachment, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One place on the other side where the message was seen."""

    journal_id: int
    place: str
    key: str
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Why a message is on its ticket."""

    message_id: int
    ticket_id: int
    rule: str
    """`new_ticket`, `reply_reference`, `message_id`, `plugin:<name>`, `thread_index`,
    `bounce`, `moved` or `written_here`."""
    evidence: str
    """What the rule found: a Message-ID, an address, a ticket."""
    header_id: str
    sighted: tuple[Sighting, ...]


def get_message(session: Session, actor: Actor, message_id: int) -> Message:
    """Return a message with its HTML. Raises NotFound."""
    query = (
        select(Message)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(Message.id == possible_id(message_id), visible_to(actor))
        .options(undefer(Message.html))
    )
    message = session.scalar(query)
    if message is None:
        raise NotFound(gettext("There is no such message, or you may not see it."))
    return message


def receipt(session: Session, actor: Actor, message_id: int) -> Receipt:
    """Return a message's receipt. Raises NotFound."""
    message = get_message(session, actor, message_id)
    journal = session.scalars(
        select(JournalEntry).where(JournalEntry.message_id == message.id).order_by(JournalEntry.id)
    )
    return Receipt(
        message_id=message.id,
        ticket_id=message.ticket_id,
        rule=message.thread_rule,
        evidence=message.thread_evidence,
        header_id=message.header_id,
        sighted=tuple(
            Sighting(journal_id=row.id, place=row.place, key=row.key, seen_at=row.journaled_at)
            for row in journal
        ),
    )


def attachment(session: Session, actor: Actor, attachment_id: int) -> StoredAttachment:
    """Return a file of a message or note. Raises NotFound."""
    row = session.get(StoredAttachment, possible_id(attachment_id))
    if row is not None and _ticket_visible(session, actor, row):
        return row
    raise NotFound(gettext("There is no such file, or you may not see it."))


def _ticket_visible(session: Session, actor: Actor, row: StoredAttachment) -> bool:
    if row.note_id is not None and actor.kind is ActorKind.CUSTOMER:
        return False  # notes never leave the desk
    parent: type[Message] | type[Note] = Message if row.message_id is not None else Note
    number = row.message_id if row.message_id is not None else row.note_id
    query = (
        select(Ticket.id)
        .join(parent, parent.ticket_id == Ticket.id)
        .where(parent.id == number, visible_to(actor))
    )
    return session.scalar(query) is not None
