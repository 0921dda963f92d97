"""Beginning a conversation with a customer."""

from __future__ import annotations

from collections.abc import Mapping

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from plugdesk.accounts.models import Account
from plugdesk.desk.address_field import parse_addresses
from plugdesk.desk.blueprint import pages
from plugdesk.desk.composer import uploads
from plugdesk.errors import Refused
from plugdesk.tickets import operations
from plugdesk.tickets.drafts import NewTicket
from plugdesk.web.current import actor, current_site, writing_page
from plugdesk.web.numbers import row_id


@pages.get("/desk/new", endpoint="compose")
@writing_page
def form() -> ResponseReturnValue:
    """Show the empty form, or with a recipient that a link named."""
    return _page({"to": request.args.get("to", "")})


@pages.post("/desk/new", endpoint="compose_send")
@writing_page
def send() -> ResponseReturnValue:
    """Make the ticket and queue its first message."""
    sent = request.form
    site = current_site()
    try:
        new = NewTicket(
            account_id=sent.get("account", 0, type=row_id),
            to=parse_addresses(sent.get("to", "")),
            cc=parse_addresses(sent.get("cc", "")),
            subject=sent.get("subject", ""),
            text=sent.get("text", ""),
            files=uploads(),
            client_key=sent.get("client_key", "")[:64],
        )
        with site.db.write() as session:
            ticket_id = operations.new_ticket(site, session, actor(), new).id
    except Refused as problem:
        return _page(sent, str(problem)), 422
    return redirect(url_for("desk.ticket", ticket_id=ticket_id))


def _page(values: Mapping[str, str], problem: str = "") -> str:
    with current_site().db.read() as session:
        accounts = session.scalars(select(Account).order_by(Account.name)).all()
    return render_template("desk/compose.html", accounts=accounts, values=values, problem=problem)
