"""Looking people up, many at a time."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import PersonInfo, Role
from plugdesk.people.models import Agent, Person, PersonAddress, Team


def person_infos(session: Session, ids: Iterable[int | None]) -> dict[int, PersonInfo]:
    """Return the persons with these ids, in two queries whatever their number."""
    wanted = {number for number in ids if number is not None}
    if not wanted:
        return {}
    newest_first = session.execute(
        select(PersonAddress.person_id, PersonAddress.address)
        .where(PersonAddress.person_id.in_(wanted))
        .order_by(PersonAddress.id.desc())
    )
    addresses = {row.person_id: row.address for row in newest_first}  # the oldest stays
    rows = session.execute(
        select(Person.id, Person.name, Person.language).where(Person.id.in_(wanted))
    )
    return {
        row.id: PersonInfo(
            id=row.id, name=row.name, address=addresses.get(row.id, ""), language=row.language
        )
        for row in rows
    }


def working_agents(session: Session) -> list[PersonInfo]:
    """Return the agents to whom tickets can be given, by name."""
    ids = session.scalars(
        select(Agent.person_id).where(Agent.active, Agent.role != Role.OBSERVER)
    ).all()
    return sorted(person_infos(session, ids).values(), key=lambda person: person.display_name)


def teams(session: Session) -> list[Team]:
    """Return all teams, by name."""
    return list(session.scalars(select(Team).order_by(Team.name)))
