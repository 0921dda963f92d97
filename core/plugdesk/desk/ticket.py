"""The ticket page, and changes of a ticket's fields."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from plugdesk.contract.tickets import Change, Place, Priority, Status
from plugdesk.desk.blueprint import pages
from plugdesk.desk.composer import Composer, empty_composer, restored_composer
from plugdesk.desk.freshness import is_unchanged, tagged, ticket_tag, unchanged
from plugdesk.desk.ticket_page import TicketPage, load_page
from plugdesk.errors import Refused
from plugdesk.tickets import operations
from plugdesk.tickets.access import get_ticket
from plugdesk.web.choices import pick
from plugdesk.web.current import actor, current_site, desk_page, writing_page
from plugdesk.web.numbers import row_id


@pages.get("/desk/tickets/<int:ticket_id>", endpoint="ticket")
@desk_page
def show(ticket_id: int) -> ResponseReturnValue:
    """Show a ticket; a browser that polls gets 304 while nothing changed."""
    with current_site().db.read() as session:
        ticket = get_ticket(session, actor(), ticket_id)
        tag = ticket_tag(session, ticket)
        if is_unchanged(tag):
            return unchanged(tag)
        page = load_page(session, ticket)
        taken_back = request.args.get("draft", type=row_id)
        composer = (
            restored_composer(session, page, taken_back) if taken_back else empty_composer(page)
        )
    return tagged(render_ticket(page, composer), tag)


@pages.post("/desk/tickets/<int:ticket_id>/change", endpoint="ticket_change")
@writing_page
def change(ticket_id: int) -> ResponseReturnValue:
    """Change what the form names, and go back to the ticket."""
    wanted = _wanted_change()
    if wanted is None:
        abort(400)
    site = current_site()
    try:
        with site.db.write() as session:
            operations.change(site, session, actor(), ticket_id, wanted)
    except Refused as problem:
        flash(str(problem), "bad")
    return redirect(url_for("desk.ticket", ticket_id=ticket_id))


@pages.post("/desk/tickets/<int:ticket_id>/people", endpoint="ticket_confirm")
@writing_page
def confirm(ticket_id: int) -> ResponseReturnValue:
    """Accept a person whom a message suggested."""
    person_id = request.form.get("person", type=row_id)
    if person_id is None:
        abort(400)
    site = current_site()
    with site.db.write() as session:
        operations.confirm_person(site, session, actor(), ticket_id, person_id)
    return redirect(url_for("desk.ticket", ticket_id=ticket_id))


def render_ticket(page: TicketPage, composer: Composer) -> str:
    """Return the page of a ticket with what stands in its composer."""
    return render_template(
        "desk/ticket.html",
        page=page,
        ticket=page.info,
        composer=composer,
        images_of=request.args.get("images", type=row_id),
    )


def _wanted_change() -> Change | None:
    """Return the one change that the form asks for; None when it makes no sense."""
    form = request.form
    if status := pick(Status, form.get("status")):
        return Change(status=status)
    if priority := pick(Priority, form.get("priority")):
        return Change(priority=priority)
    if place := pick(Place, form.get("place")):
        return Change(place=place)
    if "assignee" in form:
        number = form.get("assignee", type=row_id)
        return Change(assignee_id=number) if number else Change(unassign=True)
    if "team" in form:
        number = form.get("team", type=row_id)
        return Change(team_id=number) if number else Change(leave_team=True)
    if form.get("subject", "").strip():
        return Change(subject=form["subject"])
    added = tuple(tag for tag in form.get("add_tag", "").split(",") if tag.strip())
    removed = tuple(form.getlist("remove_tag"))
    return Change(add_tags=added, remove_tags=removed) if added or removed else None
