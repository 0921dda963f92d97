"""Single messages: why they are here, and moving them."""

from __future__ import annotations

import re

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from plugdesk.desk.blueprint import pages
from plugdesk.desk.reasons import explain
from plugdesk.errors import NotFound, Refused
from plugdesk.i18n import gettext
from plugdesk.tickets import operations
from plugdesk.tickets.receipts import get_message, receipt
from plugdesk.web.current import actor, current_site, desk_page, writing_page


@pages.get("/desk/messages/<int:message_id>/why", endpoint="why")
@desk_page
def why(message_id: int) -> ResponseReturnValue:
    """Say in plain sentences why a message is on its ticket."""
    with current_site().db.read() as session:
        found = receipt(session, actor(), message_id)
        message = get_message(session, actor(), message_id)
    return render_template(
        "desk/why.html", receipt=found, message=message, reasons=explain(found, message)
    )


@pages.get("/desk/messages/<int:message_id>/move", endpoint="move")
@writing_page
def move_form(message_id: int) -> ResponseReturnValue:
    """Ask where a message belongs."""
    with current_site().db.read() as session:
        message = get_message(session, actor(), message_id)
    return render_template("desk/move.html", message=message)


@pages.post("/desk/messages/<int:message_id>/move", endpoint="move_send")
@writing_page
def move(message_id: int) -> ResponseReturnValue:
    """Move a message to another ticket, to a new one, or back to where it was."""
    site = current_site()
    try:
        target = _target(message_id)
        with site.db.write() as session:
            number = operations.move_message(site, session, actor(), message_id, target)
    except (Refused, NotFound) as problem:
        flash(str(problem), "bad")
        return redirect(url_for("desk.move", message_id=message_id))
    flash(gettext("The message is on ticket #%(number)s now.", number=number), "good")
    return redirect(url_for("desk.ticket", ticket_id=number, _anchor=f"message-{message_id}"))


def _target(message_id: int) -> int | None:
    """Return the wanted ticket's number, None for a new ticket."""
    where = request.form.get("where")
    if where == "new":
        return None
    if where == "back":
        return _former_ticket(message_id)
    if where != "ticket":
        abort(400)
    match = re.fullmatch(r"#?(\d{1,18})", request.form.get("ticket", "").strip(), re.ASCII)
    if match is None:
        raise Refused(gettext("Enter the number of the ticket, such as 1024."))
    return int(match[1])


def _former_ticket(message_id: int) -> int:
    with current_site().db.read() as session:
        found = receipt(session, actor(), message_id)
    match = re.fullmatch(r"#(\d{1,18})", found.evidence, re.ASCII)
    if found.rule != "moved" or match is None:
        raise Refused(gettext("This message was not moved by anybody."))
    return int(match[1])
