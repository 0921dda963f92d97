"""Moving a message to another ticket, and confirming persons that joined by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor
from plugdesk.db import possible_id
from plugdesk.errors import NotFound, Refused
from plugdesk.events.models import EventRow
from plugdesk.events.operations import record
from plugdesk.i18n import gettext
from plugdesk.tickets.access import get_ticket, lock_ticket
from plugdesk.tickets.counting import put, recount
from plugdesk.tickets.models import Message, Ticket, TicketPerson
from plugdesk.tickets.saying import moment_on

if TYPE_CHECKING:
    from plugdesk.site import Site


def move_message(
    site: Site, session: Session, actor: Actor, message_id: int, ticket_id: int | None
) -> int:
    """Move a message to another ticket, or to a new one; return that ticket's id.

    The former ticket and receipt are recorded: moving it back restores both. A ticket that
    becomes empty goes to the trash, and comes back with its message. Raises NotFound, NotAllowed,
    or Refused, also for making a new ticket of the only message of one.
    """
    message = session.get(Message, possible_id(message_id))
    if message is None:
        raise NotFound(gettext("There is no such message."))
    expected = message.ticket_id
    if ticket_id is not None:  # locked in the order of ids, so that two moves cannot block
        for number in sorted((expected, ticket_id)):
            lock_ticket(session, actor, number)
    source = lock_ticket(session, actor, expected)
    session.refresh(message)
    if message.ticket_id != expected:
        raise Refused(gettext("Somebody else moved the message meanwhile. Look again."))
    target = (
        get_ticket(session, actor, ticket_id)
        if ticket_id is not None
        else _ticket_for(site, session, actor, source, message)
    )
    if target.id == source.id:
        raise Refused(gettext("The message is on that ticket already."))
    was_empty = target.message_count == 0 and ticket_id is not None
    data = {
        "from": source.id,
        "to": target.id,
        "rule": message.thread_rule,
        "evidence": message.thread_evidence,
    }
    message.thread_rule, message.thread_evidence = _receipt(session, message, source, target)
    message.ticket_id = target.id
    session.flush()
    for ticket in (source, target):
        recount(session, ticket)
        ticket.version += 1
        ticket.said_version = ticket.version
    for ticket, message_here in ((target, message.id), (source, None)):
        now = moment_on(ticket, site.clock.now())
        record(
            session,
            "message_moved",
            actor,
            now,
            ticket_id=ticket.id,
            message_id=message_here,
            data=data,
        )
    if source.message_count == 0 and source.place == "inbox":
        put(site, session, actor, source, "trash")
    if was_empty and target.place == "trash":
        put(site, session, actor, target, "inbox")
    return target.id


def _receipt(session: Session, message: Message, source: Ticket, target: Ticket) -> tuple[str, str]:
    """Return the receipt after a move: the one from before when the move undoes the last one."""
    if message.thread_rule == "moved" and message.thread_evidence == f"#{target.id}":
        last = session.scalars(
            select(EventRow.data)
            .where(
                EventRow.ticket_id == source.id,
                EventRow.kind == "message_moved",
                EventRow.message_id == message.id,
            )
            .order_by(EventRow.id.desc())
        ).first()
        if last is not None and "rule" in last:
            return last["rule"], last["evidence"]
    return "moved", f"#{source.id}"


def confirm_person(
    site: Site, session: Session, actor: Actor, ticket_id: int, person_id: int
) -> None:
    """Accept a person whom a message suggested; replies may go to them from now on.

    Raises NotFound or NotAllowed.
    """
    ticket = lock_ticket(session, actor, ticket_id)
    row = session.get(TicketPerson, (ticket_id, possible_id(person_id)))
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
        moment_on(ticket, site.clock.now()),
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
