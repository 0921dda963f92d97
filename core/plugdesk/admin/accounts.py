"""The accounts: how each is doing, stopping and starting them."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from plugdesk.accounts import operations
from plugdesk.accounts.queries import summaries
from plugdesk.accounts.routing import team_names
from plugdesk.admin.blueprint import pages
from plugdesk.i18n import gettext
from plugdesk.web.current import actor, current_site, owner_page


@pages.get("/accounts", endpoint="accounts")
@owner_page
def show() -> ResponseReturnValue:
    """List the accounts."""
    site = current_site()
    with site.db.read() as session:
        found = summaries(session)
        names = team_names(session)
    return render_template(
        "admin/accounts.html",
        accounts=found,
        team_names=names,
        resting={account.id for account in found if not site.plugins.is_enabled(account.plugin)},
    )


@pages.post("/accounts/<int:account_id>", endpoint="account_switch")
@owner_page
def switch(account_id: int) -> ResponseReturnValue:
    """Pause or resume an account."""
    site = current_site()
    action = request.form.get("do")
    if action not in ("pause", "resume"):
        abort(400)
    with site.db.write() as session:
        if action == "pause":
            operations.pause(site, session, actor(), account_id)
            sentence = gettext("The account is paused: nothing is fetched or sent.")
        else:
            operations.resume(site, session, actor(), account_id)
            sentence = gettext("The account is connected again.")
    flash(sentence, "good")
    return redirect(url_for("admin.accounts"))
