"""The quarantine: what could not be understood, why, and trying it again."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from plugdesk.admin.blueprint import pages
from plugdesk.i18n import gettext, ngettext
from plugdesk.intake import quarantine
from plugdesk.web.current import actor, current_site, owner_page
from plugdesk.web.files import download
from plugdesk.web.numbers import row_id

PAGE = 50


@pages.get("/quarantine", endpoint="quarantine")
@owner_page
def show() -> ResponseReturnValue:
    """List what waits here, newest first."""
    before = request.args.get("before", type=row_id)
    with current_site().db.read() as session:
        found = quarantine.entries(session, before=before, limit=PAGE + 1)
        total = quarantine.count(session)
    return render_template(
        "admin/quarantine.html",
        entries=found[:PAGE],
        next=found[PAGE - 1].id if len(found) > PAGE else None,
        total=total,
    )


@pages.get("/quarantine/<int:entry_id>/raw", endpoint="quarantine_raw")
@owner_page
def raw(entry_id: int) -> Response:
    """Hand out an item's bytes as a plain text file that no program opens by itself."""
    site = current_site()
    with site.db.read() as session:
        content = quarantine.raw(site, session, actor(), entry_id)
    response = download(content, f"message-{entry_id}.txt", "text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.post("/quarantine/retry", endpoint="quarantine_retry")
@owner_page
def retry() -> ResponseReturnValue:
    """Have one item, or all, tried again in the background."""
    chosen = request.form.get("entry", type=row_id)
    if chosen is None and not request.form.get("all"):
        flash(gettext("Choose what to try again."), "bad")
        return redirect(url_for("admin.quarantine"))
    with current_site().db.write() as session:
        number = quarantine.retry(session, actor(), [chosen] if chosen is not None else [])
    flash(
        ngettext(
            "%(num)s item is tried again. What still fails comes back here.",
            "%(num)s items are tried again. What still fails comes back here.",
            number,
        ),
        "good",
    )
    return redirect(url_for("admin.quarantine"))
