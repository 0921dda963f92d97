"""Members of the desk and teams as the owner's pages and the command line list them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.contract.tickets import PersonInfo, Role
from plugdesk.people.models import Agent, Team, TeamMember
from plugdesk.people.queries import person_infos, teams


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who works at the desk, or did."""

    person: PersonInfo
    role: Role
    active: bool
    """False while they may not sign in."""
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSummary:
    """A team with what belongs to it."""

    id: int
    name: str
    private: bool
    members: tuple[str, ...]
    """The names of those who may sign in."""
    accounts: tuple[str, ...]
    """The names of the accounts whose new tickets it gets."""


def members(session: Session) -> list[Member]:
    """Return everybody, by name, the deactivated last."""
    agents = {agent.person_id: agent for agent in session.scalars(select(Agent))}
    people = person_infos(session, agents)
    names: defaultdict[int, list[str]] = defaultdict(list)
    query = select(TeamMember.person_id, Team.name).join(Team, Team.id == TeamMember.team_id)
    for person_id, name in session.execute(query.order_by(Team.name)):
        names[person_id].append(name)
    found = [
        Member(
            person=people[number],
            role=Role(agent.role),
            active=agent.active,
            teams=tuple(names[number]),
        )
        for number, agent in agents.items()
    ]
    return sorted(found, key=lambda member: (not member.active, member.person.display_name))


def team_summaries(session: Session) -> list[TeamSummary]:
    """Return all teams, by name."""
    inside = _active_members(session)
    accounts: defaultdict[int | None, list[str]] = defaultdict(list)
    for team_id, name in session.execute(
        select(Account.team_id, Account.name).order_by(Account.name)
    ):
        accounts[team_id].append(name)
    return [
        TeamSummary(
            id=team.id,
            name=team.name,
            private=team.private,
            members=tuple(inside[team.id]),
            accounts=tuple(accounts[team.id]),
        )
        for team in teams(session)
    ]


def member_ids(session: Session, team_id: int) -> set[int]:
    """Return the person ids of a team's members, the deactivated among them."""
    return set(session.scalars(select(TeamMember.person_id).where(TeamMember.team_id == team_id)))


def _active_members(session: Session) -> defaultdict[int, list[str]]:
    rows = session.execute(
        select(TeamMember.team_id, TeamMember.person_id)
        .join(Agent, Agent.person_id == TeamMember.person_id)
        .where(Agent.active)
    ).all()
    people = person_infos(session, [person_id for _team_id, person_id in rows])
    found: defaultdict[int, list[str]] = defaultdict(list)
    for team_id, person_id in rows:
        found[team_id].append(people[person_id].display_name)
    for names in found.values():
        names.sort()
    return found
