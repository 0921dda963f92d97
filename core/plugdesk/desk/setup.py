"""The first start: making the owner, then a mailbox or sample data."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from plugdesk.contract.tickets import Role
from plugdesk.desk.blueprint import pages
from plugdesk.desk.signing import open_browser
from plugdesk.errors import Refused
from plugdesk.i18n import LANGUAGES, current_language, gettext, match_language, set_language
from plugdesk.people import operations
from plugdesk.people.setup_code import is_setup_code
from plugdesk.web.current import current_site, owner_page
from plugdesk.web.limits import PER_CLIENT, limiter

LOAD_SAMPLES = "demo.load"
"""The job that fills the site with sample tickets."""


@pages.get("/setup", endpoint="setup")
def form() -> ResponseReturnValue:
    """Show the form that makes the owner, or the one that asks for the code."""
    _only_without_owner()
    return _page(request.args.get("code", ""))


@pages.post("/setup", endpoint="setup_send")
@limiter.limit(PER_CLIENT)
def send() -> ResponseReturnValue:
    """Make the owner and sign them in."""
    _only_without_owner()
    code = request.form.get("code", "")
    set_language(match_language(request.form.get("language", "")) or current_language())
    if not is_setup_code(current_site().keys, code):
        flash(gettext("This is not the code that the server printed when it started."), "bad")
        return _page(""), 403
    if "address" not in request.form:
        return _page(code)
    try:
        person_id = _make_owner()
    except Refused as problem:
        flash(str(problem), "bad")
        return _page(code), 422
    return open_browser(person_id, url_for("desk.setup_next"))


@pages.get("/setup/next", endpoint="setup_next")
@owner_page
def choose() -> ResponseReturnValue:
    """Offer to connect a mailbox or to load sample data."""
    return render_template("desk/setup_next.html")


@pages.post("/setup/samples", endpoint="setup_samples")
@owner_page
def load_samples() -> ResponseReturnValue:
    """Load sample tickets in the background."""
    current_site().jobs.enqueue(LOAD_SAMPLES)
    flash(gettext("The sample tickets are on their way. They appear within a few seconds."), "good")
    return redirect(url_for("desk.inbox", folder="open"))


def _only_without_owner() -> None:
    with current_site().db.read() as session:
        if operations.has_owner(session):
            abort(404)


def _make_owner() -> int:
    site = current_site()
    if request.form.get("password") != request.form.get("password_again"):
        raise Refused(gettext("The two passwords differ. Type them again."))
    with site.db.write() as session:
        if operations.has_owner(session):  # two setups at once: the first has won
            abort(404)
        return operations.add_agent(
            site,
            session,
            name=request.form.get("name", "").strip(),
            address=request.form.get("address", ""),
            password=request.form.get("password", ""),
            role=Role.OWNER,
            language=current_language(),
        ).person_id


def _page(code: str) -> str:
    return render_template(
        "desk/setup.html",
        code=code if is_setup_code(current_site().keys, code) else "",
        wrong_code=bool(code) and not is_setup_code(current_site().keys, code),
        languages=LANGUAGES,
        language=current_language(),
        shortest=operations.SHORTEST_PASSWORD,
        form=request.form,
    )
