"""Who may see which ticket. Every query for tickets goes through `visible_to`."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor, ActorKind, Role
from plugdesk.db import possible_id
from plugdesk.errors import NotAllowed, NotFound
from plugdesk.i18n import gettext
from plugdesk.people.models import Team, TeamMember
from plugdesk.tickets.models import Ticket, TicketPerson

_SEE_ALL = {Role.OWNER, Role.LEAD}


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on `Ticket` under which this actor may see it.

    Owners and leads, plugins and the desk itself see all. Other agents see what is in no private
    team, what is in a team of theirs, and what is assigned to them. Customers see what they are
    on, suggestions not counted.
    """
    if actor.kind in (ActorKind.PLUGIN, ActorKind.SYSTEM) or actor.role in _SEE_ALL:
        return true()
    if actor.person_id is None:
        return false()
    if actor.kind is ActorKind.CUSTOMER:
        return Ticket.id.in_(
            select(TicketPerson.ticket_id).where(
                TicketPerson.person_id == actor.person_id, TicketPerson.standing != "suggested"
            )
        )
    own = select(TeamMember.team_id).where(TeamMember.person_id == actor.person_id)
    hidden = select(Team.id).where(Team.private, Team.id.not_in(own))
    return or_(
        Ticket.team_id.is_(None),
        Ticket.team_id.not_in(hidden),
        Ticket.assignee_id == actor.person_id,
    )


def get_ticket(session: Session, actor: Actor, ticket_id: int) -> Ticket:
    """Return a ticket. Raises NotFound also for one that the actor may not see."""
    return _one(session, actor, ticket_id, lock=False)


def lock_ticket(session: Session, actor: Actor, ticket_id: int) -> Ticket:
    """Return a ticket that the actor may change, locked until the transaction ends.

    Everything that is recorded about a ticket is recorded under this lock, which keeps its
    events in order. Raises NotFound, or NotAllowed for those who may only look.
    """
    ticket = _one(session, actor, ticket_id, lock=True)
    if not actor.can_write:
        raise NotAllowed(gettext("You can read tickets here, but not change them."))
    return ticket


def _one(session: Session, actor: Actor, ticket_id: int, *, lock: bool) -> Ticket:
    query = select(Ticket).where(Ticket.id == possible_id(ticket_id), visible_to(actor))
    if lock:
        query = query.with_for_update(of=Ticket).execution_options(populate_existing=True)
    ticket = session.scalar(query)
    if ticket is None:
        raise NotFound(gettext("There is no such ticket, or you may not see it."))
    return ticket
