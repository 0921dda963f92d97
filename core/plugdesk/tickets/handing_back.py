"""Taking tickets from an agent who stops working, and out of a team that ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor, Role
from plugdesk.events.operations import record
from plugdesk.people.models import Agent
from plugdesk.tickets.models import Ticket
from plugdesk.tickets.saying import moment_on

if TYPE_CHECKING:
    from plugdesk.site import Site


def held_by(session: Session, person_id: int) -> int:
    """Return how many open and pending tickets an agent has."""
    return _count(session, _unfinished(person_id))


def in_team(session: Session, team_id: int) -> int:
    """Return how many tickets a team has, finished ones included."""
    return _count(session, Ticket.team_id == team_id)


def take_from_agent(site: Site, session: Session, actor: Actor, person_id: int) -> int:
    """Make an agent's open and pending tickets unassigned; return how many.

    Finished ones keep the agent's name until their customer writes again. Plugins are not asked:
    none may keep somebody at the desk.
    """
    return _set(site, session, actor, _unfinished(person_id), "assignee_id", None)


def move_to_team(
    site: Site, session: Session, actor: Actor, team_id: int, successor: int | None
) -> int:
    """Give all tickets of a team to another, or to none; return how many."""
    return _set(site, session, actor, Ticket.team_id == team_id, "team_id", successor)


def can_be_assigned(session: Session, person_id: int) -> bool:
    """Tell whether somebody is an active agent who may answer tickets."""
    agent = session.get(Agent, person_id)
    return agent is not None and agent.active and agent.role != Role.OBSERVER


def _unfinished(person_id: int) -> ColumnElement[bool]:
    return (Ticket.assignee_id == person_id) & Ticket.status.in_(("open", "pending"))


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Ticket).where(condition)) or 0


def _set(
    site: Site,
    session: Session,
    actor: Actor,
    condition: ColumnElement[bool],
    field: str,
    value: int | None,
) -> int:
    query = select(Ticket).where(condition).order_by(Ticket.id).with_for_update(of=Ticket)
    tickets = session.scalars(query.execution_options(populate_existing=True)).all()
    now = site.clock.now()
    for ticket in tickets:
        changes = {field: [getattr(ticket, field), value]}
        setattr(ticket, field, value)
        ticket.version += 1
        moment = moment_on(ticket, now)
        record(
            session, "ticket_changed", actor, moment, ticket_id=ticket.id, data={"changes": changes}
        )
    return len(tickets)
