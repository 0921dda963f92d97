"""The people of the desk: agents with their roles."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.admin.blueprint import pages
from plugdesk.contract.tickets import PersonInfo, Role
from plugdesk.errors import Refused
from plugdesk.i18n import LANGUAGES, gettext
from plugdesk.people import operations
from plugdesk.people.models import Agent
from plugdesk.people.queries import person_infos, teams
from plugdesk.web.choices import pick
from plugdesk.web.current import current_site, owner_page


@pages.get("/people", endpoint="people")
@owner_page
def show() -> ResponseReturnValue:
    """List agents and teams, with the form that adds an agent."""
    return _page({})


@pages.post("/people", endpoint="people_add")
@owner_page
def add() -> ResponseReturnValue:
    """Make a member of the desk with a first password, to be handed over in person."""
    site, form = current_site(), request.form
    language = form.get("language", "")
    try:
        with site.db.write() as session:
            operations.add_agent(
                site,
                session,
                name=form.get("name", "").strip(),
                address=form.get("address", ""),
                password=form.get("password", ""),
                role=_role(),
                language=language if language in LANGUAGES else "",
            )
    except Refused as problem:
        flash(str(problem), "bad")
        return _page(form), 422
    flash(gettext("%(name)s can sign in now.", name=form.get("name") or form["address"]), "good")
    return redirect(url_for("admin.people"))


@pages.post("/people/<int:person_id>", endpoint="people_role")
@owner_page
def set_role(person_id: int) -> ResponseReturnValue:
    """Change an agent's role; they sign in again."""
    role = _role()
    try:
        with current_site().db.write() as session:
            agent = session.get(Agent, person_id)
            if agent is None:
                abort(404)
            operations.set_role(session, agent, role)
    except Refused as problem:
        flash(str(problem), "bad")
    return redirect(url_for("admin.people"))


def _role() -> Role:
    return pick(Role, request.form.get("role")) or abort(400)


def _page(values: object) -> str:
    with current_site().db.read() as session:
        return render_template(
            "admin/people.html",
            members=_members(session),
            teams=teams(session),
            languages=LANGUAGES,
            values=values,
            shortest=operations.SHORTEST_PASSWORD,
        )


def _members(session: Session) -> list[tuple[PersonInfo, Agent]]:
    agents = {agent.person_id: agent for agent in session.scalars(select(Agent))}
    people = person_infos(session, agents)
    return sorted(
        ((people[number], agent) for number, agent in agents.items()),
        key=lambda member: member[0].display_name,
    )
