"""Finding and making persons; agents and their passwords."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from plugdesk.contract.addresses import canonical_address
from plugdesk.contract.tickets import SYSTEM, Actor, ActorKind, Role
from plugdesk.errors import NotFound, Refused
from plugdesk.events.operations import record
from plugdesk.i18n import gettext
from plugdesk.people.models import Agent, Person, PersonAddress, SignIn

if TYPE_CHECKING:
    from plugdesk.site import Site

SHORTEST_PASSWORD = 10
#: Argon2id with the library's defaults (RFC 9106, second recommended option or stronger).
_hasher = PasswordHash((Argon2Hasher(),))


@cache
def _dummy_hash() -> str:
    """Verified for unknown addresses, so that they take as long as known ones (case S41)."""
    return _hasher.hash("nobody has this password")


def find_or_create(session: Session, now: datetime, address: str, name: str = "") -> Person:
    """Return the person with a canonical address; make one when nobody has it yet.

    Two transactions that make the same person at once end up with one.
    """
    person = find(session, address)
    if person is None:
        person = _create(session, now, address, name)
    if name and not person.name:
        person.name = name
    return person


def find(session: Session, address: str) -> Person | None:
    """Return the person with a canonical address, or None."""
    return session.scalar(
        select(Person).join(PersonAddress).where(PersonAddress.address == address)
    )


def _create(session: Session, now: datetime, address: str, name: str) -> Person:
    person = Person(name=name, created_at=now)
    session.add(person)
    session.flush()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    won = session.execute(
        insert(PersonAddress)
        .values(person_id=person.id, address=address, proven=False)
        .on_conflict_do_nothing(index_elements=["address"])
        .returning(PersonAddress.id)
    ).first()
    if won is None:  # another transaction was first
        session.delete(person)
        session.flush()
        return session.scalars(
            select(Person).join(PersonAddress).where(PersonAddress.address == address)
        ).one()
    record(session, "person_changed", SYSTEM, now, data={"person_id": person.id})
    return person


def add_agent(
    site: Site,
    session: Session,
    *,
    name: str,
    address: str,
    password: str,
    role: Role,
    language: str = "",
) -> Agent:
    """Make a member of the desk, whose address counts as proven.

    Raises Refused when the address is no address, is an agent's already, or the password is weak.
    """
    try:
        address = canonical_address(address)
    except ValueError as error:
        raise Refused(str(error)) from None
    _check_password(password)
    person = find_or_create(session, site.clock.now(), address, name)
    if session.get(Agent, person.id) is not None:
        msg = gettext("%(address)s belongs to a member of the desk already.", address=address)
        raise Refused(msg)
    person.name = name or person.name
    person.language = language or person.language
    agent = Agent(person_id=person.id, role=role.value, password_hash=_hasher.hash(password))
    session.add(agent)
    for row in session.scalars(select(PersonAddress).where(PersonAddress.address == address)):
        row.proven = True
    session.flush()
    return agent


def set_password(session: Session, agent: Agent, password: str) -> None:
    """Change a password; every browser of the agent is signed out. Raises Refused when weak."""
    _check_password(password)
    agent.password_hash = _hasher.hash(password)
    session.execute(delete(SignIn).where(SignIn.person_id == agent.person_id))


def set_role(session: Session, agent: Agent, role: Role) -> None:
    """Change a role; the agent signs in again. Raises Refused for the last owner."""
    if agent.role == Role.OWNER and role is not Role.OWNER and is_last_owner(session, agent):
        msg = gettext("A desk needs an owner. Make somebody else owner first.")
        raise Refused(msg)
    agent.role = role.value
    session.execute(delete(SignIn).where(SignIn.person_id == agent.person_id))


def verify_password(session: Session, address: str, password: str) -> Agent | None:
    """Return the active agent whom address and password name, or None.

    Unknown addresses cost the same time as known ones.
    """
    agent = _agent_by_address(session, address)
    if agent is None or not agent.active:
        _hasher.verify(password, _dummy_hash())
        return None
    return agent if _hasher.verify(password, agent.password_hash) else None


def has_owner(session: Session) -> bool:
    """Tell whether the site has been set up."""
    return (
        session.scalar(select(Agent.person_id).where(Agent.role == Role.OWNER).limit(1)) is not None
    )


def is_last_owner(session: Session, agent: Agent) -> bool:
    """Tell whether the desk would have no owner without this agent."""
    # Locked, so that two owners who step down at once do not each count on the other.
    owners = select(Agent.person_id).where(Agent.role == Role.OWNER, Agent.active)
    found = session.scalars(owners.order_by(Agent.person_id).with_for_update()).all()
    return not set(found) - {agent.person_id}


def agent_actor(session: Session, person_id: int) -> Actor:
    """Return the actor for an active agent. Raises NotFound."""
    agent = session.get(Agent, person_id)
    if agent is None or not agent.active:
        msg = gettext("There is no such member of the desk.")
        raise NotFound(msg)
    return Actor(kind=ActorKind.AGENT, person_id=person_id, role=Role(agent.role))


def _agent_by_address(session: Session, address: str) -> Agent | None:
    try:
        address = canonical_address(address)
    except ValueError:
        return None
    return session.scalar(
        select(Agent)
        .join(PersonAddress, PersonAddress.person_id == Agent.person_id)
        .where(PersonAddress.address == address)
    )


def _check_password(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        msg = gettext("A password needs at least %(number)s characters.", number=SHORTEST_PASSWORD)
        raise Refused(msg)
