"""Letting people work at the desk, and ending it. Owners do; leads may not."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor, Role
from plugdesk.errors import Refused
from plugdesk.events.operations import record
from plugdesk.i18n import gettext
from plugdesk.people import operations, sign_in
from plugdesk.people.models import Agent
from plugdesk.people.profile import LONGEST_NAME
from plugdesk.people.teams import check_owner, find_agent
from plugdesk.tickets.changes import clean_line
from plugdesk.tickets.handing_back import take_from_agent

if TYPE_CHECKING:
    from plugdesk.site import Site

#: Without what looks alike when somebody reads it out or copies it by hand.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS = 4
_GROUP_LENGTH = 4


def generated_password() -> str:
    """Return a password for handing over: 16 characters, some 79 bits, in groups of four."""
    groups = (
        "".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS)
    )
    return "-".join(groups)


def add(
    site: Site,
    session: Session,
    actor: Actor,
    *,
    name: str,
    address: str,
    password: str,
    role: Role,
    language: str = "",
) -> Agent:
    """Make somebody a member of the desk.

    Raises NotAllowed, or Refused when the address is none or an agent's already, or the password
    is weak.
    """
    check_owner(actor)
    agent = operations.add_agent(
        site,
        session,
        name=clean_line(name, LONGEST_NAME),
        address=address,
        password=password,
        role=role,
        language=language,
    )
    _note(site, session, actor, agent, {"role": [None, role.value]})
    return agent


def change_role(site: Site, session: Session, actor: Actor, person_id: int, role: Role) -> int:
    """Change what an agent may do; they sign in again.

    An observer answers nothing, so open and pending tickets of one become unassigned. Returns how
    many. Raises NotAllowed, NotFound, or Refused for the last owner.
    """
    check_owner(actor)
    agent = find_agent(session, person_id)
    before = agent.role
    if before == role:
        return 0
    operations.set_role(session, agent, role)
    _note(site, session, actor, agent, {"role": [before, role.value]})
    return take_from_agent(site, session, actor, person_id) if role is Role.OBSERVER else 0


def deactivate(site: Site, session: Session, actor: Actor, person_id: int) -> int:
    """End somebody's work at the desk: signed out everywhere, and no way in until reactivated.

    Open and pending tickets become unassigned, so that others see and take them; what the agent
    wrote and finished keeps their name, and their teams stay for the case that they come back.
    Returns how many tickets became unassigned. Raises NotAllowed, NotFound, or Refused for the
    last owner and for the actor themself.
    """
    check_owner(actor)
    agent = find_agent(session, person_id)
    if not agent.active:
        return 0
    if actor.person_id == person_id:
        raise Refused(gettext("You cannot deactivate yourself. Another owner can."))
    if agent.role == Role.OWNER and operations.is_last_owner(session, agent):
        raise Refused(gettext("A desk needs an owner. Make somebody else owner first."))
    agent.active = False
    sign_in.end_all(session, person_id)
    _note(site, session, actor, agent, {"active": [True, False]})
    return take_from_agent(site, session, actor, person_id)


def reactivate(site: Site, session: Session, actor: Actor, person_id: int) -> None:
    """Let somebody in again, with role, teams and password as before.

    Raises NotAllowed or NotFound.
    """
    check_owner(actor)
    agent = find_agent(session, person_id)
    if agent.active:
        return
    agent.active = True
    _note(site, session, actor, agent, {"active": [False, True]})


def renew_password(site: Site, session: Session, actor: Actor, person_id: int) -> str:
    """Give somebody who forgot theirs a new password, and return it; they are signed out.

    Raises NotAllowed, NotFound, or Refused for one's own, which the profile changes.
    """
    check_owner(actor)
    agent = find_agent(session, person_id)
    if actor.person_id == person_id:
        raise Refused(gettext("You change your own password in your profile."))
    password = generated_password()
    operations.set_password(session, agent, password)
    _note(site, session, actor, agent, {})
    return password


def _note(
    site: Site, session: Session, actor: Actor, agent: Agent, changes: dict[str, list[Any]]
) -> None:
    data: dict[str, Any] = {"person_id": agent.person_id}
    if changes:
        data["changes"] = changes
    record(session, "person_changed", actor, site.clock.now(), data=data)
