"""Making, changing and deleting teams. Owners do; leads may not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.contract.tickets import Actor
from plugdesk.db import possible_id
from plugdesk.errors import NotAllowed, NotFound, Refused
from plugdesk.events.operations import record
from plugdesk.i18n import gettext
from plugdesk.people.models import Agent, Team, TeamMember
from plugdesk.tickets.changes import clean_line
from plugdesk.tickets.handing_back import move_to_team

if TYPE_CHECKING:
    from plugdesk.site import Site

LONGEST_NAME = 80


def make_team(
    site: Site, session: Session, actor: Actor, *, name: str, private: bool = False
) -> Team:
    """Make a team without members.

    Raises NotAllowed, or Refused when the name is empty, too long or taken.
    """
    check_owner(actor)
    team = Team(name=_free_name(session, name), private=private)
    with _refusing_twins(session, team.name):
        session.add(team)
    _note(site, session, actor, "team_added", team.id, name=team.name, private=private)
    return team


def change_team(
    site: Site,
    session: Session,
    actor: Actor,
    team_id: int,
    *,
    name: str | None = None,
    private: bool | None = None,
) -> Team:
    """Rename a team, or make it private or not; None leaves as it is.

    Raises NotAllowed, NotFound, or Refused when the name is empty, too long or taken.
    """
    team = _lock(session, actor, team_id)
    wanted: dict[str, Any] = {
        "name": None if name is None else _free_name(session, name, but=team.id),
        "private": private,
    }
    changes = {
        field: [before, value]
        for field, value in wanted.items()
        if value is not None and value != (before := getattr(team, field))
    }
    if changes:
        with _refusing_twins(session, wanted["name"] or team.name):
            for field, (_before, value) in changes.items():
                setattr(team, field, value)
        _note(site, session, actor, "team_changed", team.id, changes=changes)
    return team


def set_members(
    site: Site, session: Session, actor: Actor, team_id: int, person_ids: Collection[int]
) -> None:
    """Have exactly these agents in a team. Raises NotAllowed or NotFound."""
    team = _lock(session, actor, team_id)
    query = select(TeamMember.person_id).where(TeamMember.team_id == team.id)
    before, after = set(session.scalars(query)), set(person_ids)
    if before == after:
        return
    joining = after - before
    for person_id in sorted(joining):
        find_agent(session, person_id)
    session.add_all(TeamMember(team_id=team.id, person_id=number) for number in sorted(joining))
    session.execute(
        delete(TeamMember).where(
            TeamMember.team_id == team.id, TeamMember.person_id.in_(before - after)
        )
    )
    changes = {"members": [sorted(before), sorted(after)]}
    _note(site, session, actor, "team_changed", team.id, changes=changes)


def delete_team(
    site: Site, session: Session, actor: Actor, team_id: int, *, successor: int | None = None
) -> int:
    """Delete a team after giving its tickets and accounts to `successor`, or to no team.

    Tickets without a team are for everybody, also those that a private team kept to itself.
    Returns how many tickets were moved. Raises NotAllowed, NotFound, or Refused when the team is
    its own successor.
    """
    team = _lock(session, actor, team_id)
    if successor is not None:
        if successor == team_id:
            raise Refused(gettext("Choose another team for its tickets."))
        _lock_successor(session, successor)
    moved = move_to_team(site, session, actor, team.id, successor)
    now = site.clock.now()
    for account in session.scalars(
        select(Account).where(Account.team_id == team.id).order_by(Account.id).with_for_update()
    ):
        changes = {"team_id": [team.id, successor]}
        data = {"account_id": account.id, "changes": changes}
        record(session, "account_changed", actor, now, data=data)
        account.team_id = successor
    session.execute(delete(TeamMember).where(TeamMember.team_id == team.id))
    _note(site, session, actor, "team_deleted", team.id, name=team.name, successor=successor)
    session.flush()
    session.delete(team)
    session.flush()
    return moved


def get_team(session: Session, team_id: int) -> Team:
    """Return a team. Raises NotFound."""
    return _one(session, team_id, lock=False)


def find_agent(session: Session, person_id: int) -> Agent:
    """Return an agent, also a deactivated one. Raises NotFound."""
    agent = session.get(Agent, possible_id(person_id))
    if agent is None:
        raise NotFound(gettext("There is no such member of the desk."))
    return agent


def check_owner(actor: Actor) -> None:
    """Raise NotAllowed for everybody who may not change people and teams."""
    if not actor.can_manage:
        raise NotAllowed(gettext("Only an owner may change people and teams."))


def _lock(session: Session, actor: Actor, team_id: int) -> Team:
    check_owner(actor)
    return _one(session, team_id, lock=True)


def _lock_successor(session: Session, team_id: int) -> None:
    try:
        _one(session, team_id, lock=True)
    except NotFound as problem:
        raise Refused(str(problem)) from None


def _one(session: Session, team_id: int, *, lock: bool) -> Team:
    query = select(Team).where(Team.id == possible_id(team_id))
    if lock:
        # Tickets and accounts that join the team at this moment are then seen, or wait.
        query = query.with_for_update().execution_options(populate_existing=True)
    team = session.scalar(query)
    if team is None:
        raise NotFound(gettext("There is no such team any more."))
    return team


def _free_name(session: Session, name: str, *, but: int | None = None) -> str:
    """Return a name as it is stored. Raises Refused when it is none, or that of another team."""
    clean = clean_line(name, len(name) + 1)
    if not clean:
        raise Refused(gettext("Give the team a name."))
    if len(clean) > LONGEST_NAME:
        raise Refused(
            gettext("A team's name has at most %(number)s characters.", number=LONGEST_NAME)
        )
    for number, other in session.execute(select(Team.id, Team.name)):
        if number != but and other.casefold() == clean.casefold():
            raise _taken(other)
    return clean


@contextmanager
def _refusing_twins(session: Session, name: str) -> Iterator[None]:
    """Raise Refused when somebody else takes the name of a team at this very moment."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError:
        raise _taken(name) from None


def _taken(name: str) -> Refused:
    return Refused(gettext("There is a team named %(name)s already.", name=name))


def _note(
    site: Site, session: Session, actor: Actor, kind: str, team_id: int, **data: object
) -> None:
    record(session, kind, actor, site.clock.now(), data={"team_id": team_id, **data})
