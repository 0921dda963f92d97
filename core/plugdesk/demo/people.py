"""The sample shop's teams, agents and accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.accounts.operations import create
from plugdesk.contract.addresses import Address
from plugdesk.contract.tickets import SYSTEM, Actor, Role
from plugdesk.demo.channel import DemoChannel
from plugdesk.demo.script import AgentData, Shop
from plugdesk.people.models import Agent, Person, Team, TeamMember
from plugdesk.people.operations import add_agent, agent_actor, find, has_owner, set_password

if TYPE_CHECKING:
    from plugdesk.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody in the shop, as the database knows them."""

    actors: dict[str, Actor]
    teams: dict[str, int]
    accounts: dict[str, tuple[int, Address]]

    def actor(self, key: str) -> Actor:
        """Return the agent of that key, or the desk itself where nobody is named."""
        return self.actors.get(key, SYSTEM)


def make_cast(site: Site, session: Session, shop: Shop, password: str) -> Cast:
    """Make the shop's people. The first owner is one of them only where there is none yet."""
    teams = {team.name: _team(session, team.name).id for team in shop.team}
    taken = has_owner(session)
    actors = {}
    for data in shop.agent:
        role = Role.LEAD if taken and data.role is Role.OWNER else data.role
        agent = _agent(site, session, data, role, password)
        for name in data.teams:
            session.merge(TeamMember(team_id=teams[name], person_id=agent.person_id))
        session.flush()
        actors[data.key] = agent_actor(session, agent.person_id)
    accounts = {}
    for account in shop.account:
        row = create(
            site,
            session,
            SYSTEM,
            channel=DemoChannel.name,
            name=account.name,
            address=account.address,
            values={},
            team_id=teams[account.team],
        )
        accounts[account.key] = (row.id, Address(account.name, account.address))
    return Cast(actors=actors, teams=teams, accounts=accounts)


def _team(session: Session, name: str) -> Team:
    team = session.scalar(select(Team).where(Team.name == name))
    if team is None:
        team = Team(name=name)
        session.add(team)
        session.flush()
    return team


def _agent(site: Site, session: Session, data: AgentData, role: Role, password: str) -> Agent:
    person = find(session, data.address)
    agent = session.get(Agent, person.id) if isinstance(person, Person) else None
    if agent is None:
        return add_agent(
            site,
            session,
            name=data.name,
            address=data.address,
            password=password,
            role=role,
            language=data.language,
        )
    # Left behind by an earlier removal, because they had worked on a ticket that stayed.
    set_password(session, agent, password)
    agent.role = role.value
    agent.active = True
    return agent
