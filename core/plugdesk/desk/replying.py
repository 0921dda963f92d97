"""Sending replies and leaving notes, and what becomes of replies on their way."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from plugdesk.contract.tickets import Status
from plugdesk.desk.address_field import parse_addresses
from plugdesk.desk.blueprint import pages
from plugdesk.desk.composer import kept_uploads, refused_composer, uploads
from plugdesk.desk.ticket import render_ticket
from plugdesk.desk.ticket_page import load_page
from plugdesk.errors import Outdated, Refused
from plugdesk.i18n import gettext
from plugdesk.tickets import operations
from plugdesk.tickets.access import get_ticket
from plugdesk.tickets.drafts import NoteDraft, ReplyDraft
from plugdesk.tickets.models import Message
from plugdesk.tickets.receipts import get_message
from plugdesk.web.choices import pick
from plugdesk.web.current import actor, current_site, writing_page
from plugdesk.web.numbers import row_id


@pages.post("/desk/tickets/<int:ticket_id>/reply", endpoint="reply")
@writing_page
def reply(ticket_id: int) -> ResponseReturnValue:
    """Queue a reply. What cannot be taken comes back with its text and the reason."""
    site = current_site()
    try:
        with site.db.read() as session:
            get_ticket(session, actor(), ticket_id)
            files = (*uploads(), *kept_uploads(site, session, actor()))
        draft = ReplyDraft(
            text=request.form.get("text", ""),
            to=parse_addresses(request.form.get("to", "")),
            cc=parse_addresses(request.form.get("cc", "")),
            bcc=parse_addresses(request.form.get("bcc", "")),
            files=files,
            status_after=pick(Status, request.form.get("status_after")),
            client_key=request.form.get("client_key", "")[:64],
            seen_version=request.form.get("seen_version", type=row_id),
        )
        with site.db.write() as session:
            message_id = operations.reply(site, session, actor(), ticket_id, draft).id
    except Refused as problem:
        return _back_with_draft(ticket_id, "reply", problem)
    return redirect(url_for("desk.ticket", ticket_id=ticket_id, _anchor=f"message-{message_id}"))


@pages.post("/desk/tickets/<int:ticket_id>/note", endpoint="note")
@writing_page
def note(ticket_id: int) -> ResponseReturnValue:
    """Leave a note."""
    draft = NoteDraft(
        text=request.form.get("text", ""),
        files=uploads(),
        client_key=request.form.get("client_key", "")[:64],
    )
    site = current_site()
    try:
        with site.db.write() as session:
            note_id = operations.add_note(site, session, actor(), ticket_id, draft).id
    except Refused as problem:
        return _back_with_draft(ticket_id, "note", problem)
    return redirect(url_for("desk.ticket", ticket_id=ticket_id, _anchor=f"note-{note_id}"))


@pages.post("/desk/messages/<int:message_id>/undo", endpoint="undo")
@writing_page
def undo(message_id: int) -> ResponseReturnValue:
    """Take a reply back while it waits; its text returns to the form."""
    site = current_site()
    ticket_id = _ticket_of(message_id)
    try:
        with site.db.write() as session:
            operations.undo_reply(site, session, actor(), message_id)
    except Refused as problem:
        flash(str(problem), "bad")
        return redirect(url_for("desk.ticket", ticket_id=ticket_id))
    flash(gettext("The reply was taken back. You can go on writing it below."), "good")
    return redirect(
        url_for("desk.ticket", ticket_id=ticket_id, draft=message_id, _anchor="composer")
    )


@pages.post("/desk/messages/<int:message_id>/outcome", endpoint="outcome")
@writing_page
def outcome(message_id: int) -> ResponseReturnValue:
    """Settle a reply in doubt, or send a failed one again, as the agent decides."""
    site = current_site()
    ticket_id = _ticket_of(message_id)
    decision = request.form.get("decision")
    if decision not in ("arrived", "again"):
        abort(400)
    try:
        with site.db.write() as session:
            if decision == "arrived":
                operations.resolve_unknown(site, session, actor(), message_id, sent=True)
            else:
                operations.send_again(site, session, actor(), message_id)
    except Refused as problem:
        flash(str(problem), "bad")
    return redirect(url_for("desk.ticket", ticket_id=ticket_id, _anchor=f"message-{message_id}"))


def _ticket_of(message_id: int) -> int:
    with current_site().db.read() as session:
        message: Message = get_message(session, actor(), message_id)
        return message.ticket_id


def _back_with_draft(ticket_id: int, mode: str, problem: Refused) -> ResponseReturnValue:
    with current_site().db.read() as session:
        page = load_page(session, get_ticket(session, actor(), ticket_id))
    sentence = str(problem)
    if uploads():
        sentence += " " + gettext("Choose your files again: browsers forget them.")
    code = 409 if isinstance(problem, Outdated) else 422
    return render_ticket(page, refused_composer(page, mode, sentence)), code
