"""Teams: who is in them, which are private, and what comes of their tickets."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from plugdesk.admin.blueprint import pages
from plugdesk.errors import Refused
from plugdesk.i18n import gettext, ngettext
from plugdesk.people import teams
from plugdesk.people.queries import teams as all_teams
from plugdesk.people.summaries import member_ids, members
from plugdesk.tickets.handing_back import in_team
from plugdesk.web.current import actor, current_site, owner_page
from plugdesk.web.numbers import row_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamForm:
    """What stands in the form."""

    name: str = ""
    private: bool = False
    members: frozenset[int] = frozenset()


@pages.get("/teams/new", endpoint="team_new")
@owner_page
def ask() -> ResponseReturnValue:
    """Ask for a new team."""
    return _page(None, TeamForm())


@pages.post("/teams", endpoint="team_add")
@owner_page
def add() -> ResponseReturnValue:
    """Make a team with its members."""
    site, form = current_site(), _sent()
    try:
        with site.db.write() as session:
            team = teams.make_team(site, session, actor(), name=form.name, private=form.private)
            teams.set_members(site, session, actor(), team.id, form.members)
            name = team.name
    except Refused as problem:
        return _page(None, form, str(problem)), 422
    flash(gettext("The team %(name)s is made.", name=name), "good")
    return redirect(url_for("admin.people"))


@pages.get("/teams/<int:team_id>", endpoint="team")
@owner_page
def show(team_id: int) -> ResponseReturnValue:
    """Show a team's name, members, and the way to delete it."""
    with current_site().db.read() as session:
        team = teams.get_team(session, team_id)
        inside = frozenset(member_ids(session, team_id))
    return _page(team_id, TeamForm(name=team.name, private=team.private, members=inside))


@pages.post("/teams/<int:team_id>", endpoint="team_change")
@owner_page
def change(team_id: int) -> ResponseReturnValue:
    """Store name, privacy and members."""
    site, form = current_site(), _sent()
    try:
        with site.db.write() as session:
            name = teams.change_team(
                site, session, actor(), team_id, name=form.name, private=form.private
            ).name
            teams.set_members(site, session, actor(), team_id, form.members)
    except Refused as problem:
        return _page(team_id, form, str(problem)), 422
    flash(gettext("The team %(name)s is saved.", name=name), "good")
    return redirect(url_for("admin.people"))


@pages.post("/teams/<int:team_id>/delete", endpoint="team_delete")
@owner_page
def delete(team_id: int) -> ResponseReturnValue:
    """Delete a team; its tickets and accounts go where the owner says."""
    site = current_site()
    chosen = request.form.get("successor")
    successor = request.form.get("successor", type=row_id)
    if chosen is None or (chosen and successor is None):
        # Not guessed: in no team, what a private one kept to itself is for everybody.
        abort(400)
    try:
        with site.db.write() as session:
            name = teams.get_team(session, team_id).name
            moved = teams.delete_team(site, session, actor(), team_id, successor=successor)
    except Refused as problem:
        flash(str(problem), "bad")
        return redirect(url_for("admin.team", team_id=team_id))
    sentence = gettext("The team %(name)s is deleted.", name=name)
    if moved:
        more = ngettext("%(num)s ticket was moved.", "%(num)s tickets were moved.", moved)
        sentence = f"{sentence} {more}"
    flash(sentence, "good")
    return redirect(url_for("admin.people"))


def _sent() -> TeamForm:
    return TeamForm(
        name=request.form.get("name", ""),
        private=bool(request.form.get("private")),
        members=frozenset(request.form.getlist("member", type=row_id)),
    )


def _page(team_id: int | None, form: TeamForm, problem: str = "") -> str:
    with current_site().db.read() as session:
        # Deactivated members stay in sight, so that saving the form does not take them out.
        people = [
            member
            for member in members(session)
            if member.active or member.person.id in form.members
        ]
        return render_template(
            "admin/team.html",
            form=form,
            team_id=team_id,
            people=people,
            others=[team for team in all_teams(session) if team.id != team_id],
            tickets=in_team(session, team_id) if team_id else 0,
            problem_text=problem,
            longest=teams.LONGEST_NAME,
        )
