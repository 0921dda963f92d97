"""The inbox: a folder's tickets, page by page, kept fresh by polling."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.desk.blueprint import pages
from plugdesk.desk.freshness import inbox_tag, is_unchanged, tagged, unchanged
from plugdesk.people.queries import teams, working_agents
from plugdesk.tickets.queries import Folder, inbox_page
from plugdesk.web.accounts_health import troubled_accounts
from plugdesk.web.current import actor, current_site, desk_page


@pages.get("/desk/", endpoint="inbox_home")
@desk_page
def home() -> ResponseReturnValue:
    """Go to where an agent begins."""
    return redirect(url_for("desk.inbox", folder=Folder.UNASSIGNED.value))


@pages.get("/desk/inbox/<folder>", endpoint="inbox")
@desk_page
def show(folder: str) -> ResponseReturnValue:
    """Show one page of a folder; a browser that polls gets 304 while nothing changed."""
    wanted = find_folder(folder)
    with current_site().db.read() as session:
        tag = inbox_tag(session)
        if is_unchanged(tag):
            return unchanged(tag)
        return tagged(_render(session, wanted, tag), tag)


def find_folder(name: str) -> Folder:
    """Return the folder of that name, or end the request with 404."""
    try:
        return Folder(name)
    except ValueError:
        abort(404)


def _render(session: Session, folder: Folder, version: str) -> str:
    me = actor()
    before, tag = request.args.get("before"), request.args.get("tag")
    return render_template(
        "desk/inbox.html",
        folder=folder.value,
        page=inbox_page(session, me, folder, before=before, tag=tag),
        before=before,
        version=version,
        tag=tag,
        agents=working_agents(session) if me.can_write else [],
        team_names={team.id: team.name for team in teams(session)},
        has_accounts=session.scalar(select(Account.id).limit(1)) is not None,
        troubled=troubled_accounts(session) if me.can_manage else [],
    )
