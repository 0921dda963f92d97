"""The people of the desk: adding them, what they may do, and letting them go."""

from __future__ import annotations

from collections.abc import Mapping

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from plugdesk.admin.blueprint import pages
from plugdesk.contract.tickets import Role
from plugdesk.errors import Refused
from plugdesk.i18n import LANGUAGES, gettext, ngettext
from plugdesk.people import agents
from plugdesk.people.operations import SHORTEST_PASSWORD
from plugdesk.people.queries import person_infos
from plugdesk.people.summaries import members, team_summaries
from plugdesk.people.teams import find_agent
from plugdesk.tickets.handing_back import held_by
from plugdesk.web.choices import pick
from plugdesk.web.current import actor, current_site, owner_page


@pages.get("/people", endpoint="people")
@owner_page
def show() -> ResponseReturnValue:
    """List agents and teams."""
    with current_site().db.read() as session:
        return render_template(
            "admin/people.html", members=members(session), teams=team_summaries(session)
        )


@pages.get("/people/new", endpoint="person_new")
@owner_page
def ask() -> ResponseReturnValue:
    """Ask for a new member of the desk."""
    return _form({})


@pages.post("/people", endpoint="people_add")
@owner_page
def add() -> ResponseReturnValue:
    """Make a member of the desk with a first password, to be handed over in person."""
    site, form = current_site(), request.form
    typed = form.get("password", "")
    language = form.get("language", "")
    password = typed or agents.generated_password()
    try:
        with site.db.write() as session:
            person_id = agents.add(
                site,
                session,
                actor(),
                name=form.get("name", ""),
                address=form.get("address", ""),
                password=password,
                role=_role(),
                language=language if language in LANGUAGES else "",
            ).person_id
    except Refused as problem:
        return _form(form, str(problem)), 422
    if not typed:
        return _handing_over(person_id, password)
    flash(gettext("%(name)s can sign in now.", name=_name(person_id)), "good")
    return redirect(url_for("admin.people"))


@pages.get("/people/<int:person_id>", endpoint="person")
@owner_page
def show_person(person_id: int) -> ResponseReturnValue:
    """Show what an owner can change about an agent."""
    with current_site().db.read() as session:
        find_agent(session, person_id)
        member = next(one for one in members(session) if one.person.id == person_id)
        return render_template(
            "admin/person.html", member=member, tickets=held_by(session, person_id)
        )


@pages.post("/people/<int:person_id>", endpoint="people_role")
@owner_page
def set_role(person_id: int) -> ResponseReturnValue:
    """Change an agent's role; they sign in again."""
    site, role = current_site(), _role()
    try:
        with site.db.write() as session:
            freed = agents.change_role(site, session, actor(), person_id, role)
    except Refused as problem:
        flash(str(problem), "bad")
        return redirect(url_for("admin.person", person_id=person_id))
    sentence = gettext("The role of %(name)s is set.", name=_name(person_id))
    flash(_with_freed(sentence, freed), "good")
    return redirect(url_for("admin.people"))


@pages.post("/people/<int:person_id>/access", endpoint="person_access")
@owner_page
def set_access(person_id: int) -> ResponseReturnValue:
    """Deactivate or reactivate an agent."""
    site, action = current_site(), request.form.get("do")
    if action not in ("deactivate", "reactivate"):
        abort(400)
    freed = 0
    try:
        with site.db.write() as session:
            if action == "deactivate":
                freed = agents.deactivate(site, session, actor(), person_id)
            else:
                agents.reactivate(site, session, actor(), person_id)
    except Refused as problem:
        flash(str(problem), "bad")
        return redirect(url_for("admin.person", person_id=person_id))
    name = _name(person_id)
    if action == "deactivate":
        sentence = gettext("%(name)s is signed out and cannot sign in any more.", name=name)
    else:
        sentence = gettext("%(name)s can sign in again.", name=name)
    flash(_with_freed(sentence, freed), "good")
    return redirect(url_for("admin.people"))


@pages.post("/people/<int:person_id>/password", endpoint="person_password")
@owner_page
def renew_password(person_id: int) -> ResponseReturnValue:
    """Make a new password for somebody who forgot theirs, and show it once."""
    site = current_site()
    try:
        with site.db.write() as session:
            password = agents.renew_password(site, session, actor(), person_id)
    except Refused as problem:
        flash(str(problem), "bad")
        return redirect(url_for("admin.person", person_id=person_id))
    return _handing_over(person_id, password)


def _with_freed(sentence: str, freed: int) -> str:
    if not freed:
        return sentence
    more = ngettext(
        "%(num)s ticket is unassigned now.", "%(num)s tickets are unassigned now.", freed
    )
    return f"{sentence} {more}"


def _role() -> Role:
    return pick(Role, request.form.get("role")) or abort(400)


def _name(person_id: int) -> str:
    with current_site().db.read() as session:
        return person_infos(session, [person_id])[person_id].display_name


def _handing_over(person_id: int, password: str) -> str:
    """Show a password; it is stored nowhere in readable form, so this page is the only one."""
    with current_site().db.read() as session:
        person = person_infos(session, [person_id])[person_id]
    return render_template("admin/person_password.html", person=person, password=password)


def _form(values: Mapping[str, str], problem: str = "") -> str:
    return render_template(
        "admin/person_new.html",
        values=values,
        problem_text=problem,
        languages=LANGUAGES,
        shortest=SHORTEST_PASSWORD,
    )
