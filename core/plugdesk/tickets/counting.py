"""What the inbox shows of a ticket's messages, counted anew when some went elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor
from plugdesk.events.operations import record
from plugdesk.outbox.models import OutboxEntry
from plugdesk.tickets.models import Message, StoredAttachment, Ticket
from plugdesk.tickets.saying import moment_on, snippet

if TYPE_CHECKING:
    from plugdesk.site import Site


def recount(session: Session, ticket: Ticket) -> None:
    """Set number, snippet and paper clip of a locked ticket from what is on it now.

    Replies that were taken back do not count.
    """
    taken_back = select(OutboxEntry.message_id).where(OutboxEntry.state == "cancelled")
    here = (Message.ticket_id == ticket.id, Message.id.not_in(taken_back))
    count = select(func.count()).select_from(Message).where(*here)
    ticket.message_count = session.scalars(count).one()
    newest = session.scalar(select(Message.text).where(*here).order_by(Message.id.desc()).limit(1))
    ticket.snippet = snippet(newest or "")
    files = select(StoredAttachment.id).join(Message, Message.id == StoredAttachment.message_id)
    shown = files.where(*here, ~StoredAttachment.inline)
    ticket.has_attachments = session.scalar(shown.limit(1)) is not None


def put(site: Site, session: Session, actor: Actor, ticket: Ticket, place: str) -> None:
    """Move a locked ticket to the trash when it has become empty, and back when it has not."""
    before, ticket.place = ticket.place, place
    if before != place:
        now = moment_on(ticket, site.clock.now())
        data = {"changes": {"place": [before, place]}}
        record(session, "ticket_changed", actor, now, ticket_id=ticket.id, data=data)
