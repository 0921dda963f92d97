"""Signing in and out."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from plugdesk.desk.blueprint import pages
from plugdesk.i18n import gettext
from plugdesk.people import operations, sign_in
from plugdesk.web.current import (
    agent,
    cookie_name,
    current_agent,
    current_site,
    desk_page,
    forget_sign_in,
    local_path,
    remember_sign_in,
)
from plugdesk.web.limits import PER_ADDRESS, PER_CLIENT, limiter, named_address


@pages.get("/sign-in", endpoint="sign_in")
def sign_in_form() -> ResponseReturnValue:
    """Show the form, or go on for somebody who is signed in."""
    if current_agent() is not None:
        return redirect(_next_page())
    with current_site().db.read() as db:
        if not operations.has_owner(db):
            return redirect(url_for("desk.setup"))
    return render_template("desk/sign_in.html", address="", wanted=request.args.get("next"))


@pages.post("/sign-in", endpoint="sign_in_send")
@limiter.limit(PER_CLIENT)
@limiter.limit(PER_ADDRESS, key_func=named_address)
def sign_in_send() -> ResponseReturnValue:
    """Check address and password. Every failure gives the same answer after the same time."""
    address = request.form.get("address", "")
    site = current_site()
    with site.db.read() as db:
        found = operations.verify_password(db, address, request.form.get("password", ""))
    if found is None:
        flash(gettext("Address and password do not fit together. Check both and try again."), "bad")
        page = render_template(
            "desk/sign_in.html", address=address, wanted=request.form.get("next")
        )
        return page, 401
    return open_browser(found.person_id, _next_page())


@pages.post("/sign-out", endpoint="sign_out")
@desk_page
def sign_out() -> ResponseReturnValue:
    """Sign this browser out, or all of the agent's with `everywhere`."""
    with current_site().db.write() as db:
        if request.form.get("everywhere"):
            sign_in.end_all(db, agent().person_id)
        else:
            sign_in.end(db, agent().token_hash)
    session.clear()
    response = make_response(redirect(url_for("desk.sign_in")))
    forget_sign_in(response)
    return response


def open_browser(person_id: int, target: str) -> ResponseReturnValue:
    """Sign this browser in with a new token and go to `target`."""
    site = current_site()
    browser = request.headers.get("User-Agent", "")
    former = request.cookies.get(cookie_name())
    with site.db.write() as db:
        if former:
            sign_in.end(db, sign_in.hash_token(former))
        token = sign_in.start(db, site.clock.now(), person_id, browser)
    session.clear()  # a new form token too: what was planted before the sign-in is worth nothing
    response = make_response(redirect(target))
    remember_sign_in(response, token)
    return response


def _next_page() -> str:
    return local_path(request.values.get("next")) or url_for("desk.inbox_home")
