"""Rows as the plain data that plugins and templates get."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import PersonInfo, Place, Priority, Status, TicketInfo
from plugdesk.people.queries import person_infos
from plugdesk.tickets.models import Tag, Ticket, TicketTag


def tag_names(session: Session, ticket_id: int) -> tuple[str, ...]:
    """Return the tags of a ticket, by name."""
    query = select(Tag.name).join(TicketTag).where(TicketTag.ticket_id == ticket_id)
    return tuple(session.scalars(query.order_by(Tag.name)))


def ticket_info(session: Session, ticket: Ticket) -> TicketInfo:
    """Return a ticket as it stands."""
    requester: PersonInfo | None = None
    if ticket.requester_id is not None:
        requester = person_infos(session, [ticket.requester_id]).get(ticket.requester_id)
    return TicketInfo(
        id=ticket.id,
        subject=ticket.subject,
        status=Status(ticket.status),
        place=Place(ticket.place),
        priority=Priority(ticket.priority),
        account_id=ticket.account_id,
        team_id=ticket.team_id,
        assignee_id=ticket.assignee_id,
        requester=requester,
        tags=tag_names(session, ticket.id),
        created_at=ticket.created_at,
        activity_at=ticket.activity_at,
        version=ticket.version,
    )
