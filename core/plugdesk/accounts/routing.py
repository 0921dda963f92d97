"""The team to which an account's new tickets go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.accounts.operations import get
from plugdesk.contract.tickets import Actor
from plugdesk.errors import NotFound, Refused
from plugdesk.events.operations import record
from plugdesk.people.models import Team
from plugdesk.people.teams import get_team

if TYPE_CHECKING:
    from plugdesk.site import Site


def set_team(
    site: Site, session: Session, actor: Actor, account_id: int, team_id: int | None
) -> None:
    """Have new tickets go to a team, or to none; those that are there stay where they are.

    Raises NotAllowed, NotFound, or Refused when the team is gone.
    """
    account = get(session, actor, account_id)
    if account.team_id == team_id:
        return
    if team_id is not None:
        try:
            get_team(session, team_id)
        except NotFound as problem:
            raise Refused(str(problem)) from None
    changes = {"team_id": [account.team_id, team_id]}
    account.team_id = team_id
    data = {"account_id": account.id, "changes": changes}
    record(session, "account_changed", actor, site.clock.now(), data=data)


def team_names(session: Session) -> dict[int, str]:
    """Return the name of the team behind each account that has one."""
    rows = session.execute(select(Account.id, Team.name).join(Team, Team.id == Account.team_id))
    return {row.id: row.name for row in rows}
