"""Moving a message to another ticket, and confirming persons that joined by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor
from plugdesk.errors import NotFound, Refused
from plugdesk.events.operations import record
from plugdesk.i18n import gettext
from plugdesk.outbox.models import OutboxEntry
from plugdesk.tickets.access import get_ticket, lock_ticket
from plugdesk.tickets.models import Message, StoredAttachment, Ticket, TicketPerson
from plugdesk.tickets.saying import snippet

if TYPE_CHECKING:
    from plugdesk.site import Site


def move_message(
    site: Site, session: Session, actor: Actor, message_id: int, ticket_id: int | None
) -> int:
    """Move a message to another ticket, or to a new one; return that ticket's id.

    The former ticket and the receipt's evidence are recorded, so that moving it back undoes
    it. Raises NotFound, NotAllowed, or Refused for the only message of a ticket.
    """
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound(gettext("There is no such message."))
    if ticket_id is not None:  # locked in the order of ids, so that two moves cannot block
        for number in sorted((message.ticket_id, ticket_id)):
            lock_ticket(session, actor, number)
    source = lock_ticket(session, actor, message.ticket_id)
    target = (
        get_ticket(session, actor, ticket_id)
        if ticket_id is not None
        else _ticket_for(site, session, actor, source, message)
    )
    if target.id == source.id:
        raise Refused(gettext("The message is on that ticket already."))
    before = source.id
    message.ticket_id = target.id
    message.thread_rule = "moved"
    message.thread_evidence = f"#{before}"
    session.flush()
    for ticket in (source, target):
        _recount(session, ticket)
    data = {"from": before, "to": target.id}
    now = site.clock.now()
    record(
        session, "message_moved", actor, now, ticket_id=target.id, message_id=message.id, data=data
    )
    record(session, "message_moved", actor, now, ticket_id=before, data=data)
    return target.id


def confirm_person(
    site: Site, session: Session, actor: Actor, ticket_id: int, person_id: int
) -> None:
    """Accept a person whom a message suggested; replies may go to them from now on.

    Raises NotFound or NotAllowed.
    """
    ticket = lock_ticket(session, actor, ticket_id)
    row = session.get(TicketPerson, (ticket_id, person_id))
    if row is None:
        raise NotFound(gettext("This person is not on the ticket."))
    if row.standing != "suggested":
        return
    row.standing = "copied"
    ticket.version += 1
    record(
        session,
        "person_confirmed",
        actor,
        site.clock.now(),
        ticket_id=ticket_id,
        data={"person_id": person_id},
    )


def _ticket_for(
    site: Site, session: Session, actor: Actor, source: Ticket, message: Message
) -> Ticket:
    if source.message_count <= 1:
        raise Refused(gettext("It is the only message here; a new ticket would be the same."))
    now = site.clock.now()
    ticket = Ticket(
        subject=message.subject or source.subject,
        account_id=message.account_id,
        team_id=source.team_id,
        requester_id=message.person_id if message.direction == "incoming" else source.requester_id,
        created_at=now,
        activity_at=now,
        has_attachments=False,
    )
    session.add(ticket)
    session.flush()
    if ticket.requester_id is not None:
        session.add(
            TicketPerson(ticket_id=ticket.id, person_id=ticket.requester_id, standing="requester")
        )
    data = {"subject": ticket.subject, "account_id": ticket.account_id, "split_from": source.id}
    record(session, "ticket_created", actor, now, ticket_id=ticket.id, data=data)
    return ticket


def _recount(session: Session, ticket: Ticket) -> None:
    taken_back = select(OutboxEntry.message_id).where(OutboxEntry.state == "cancelled")
    here = (Message.ticket_id == ticket.id, Message.id.not_in(taken_back))
    count = select(func.count()).select_from(Message).where(*here)
    ticket.message_count = session.scalars(count).one()
    newest = session.scalar(select(Message.text).where(*here).order_by(Message.id.desc()).limit(1))
    ticket.snippet = snippet(newest or "")
    files = select(StoredAttachment.id).join(Message, Message.id == StoredAttachment.message_id)
    ticket.has_attachments = session.scalar(files.where(*here).limit(1)) is not None
    ticket.version += 1
    ticket.said_version = ticket.version
