"""The plugins page: which are there, which are on, and what went wrong.

No plugin's code, style or script takes part in it, so that it works when all of them are broken.
"""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from plugdesk.admin.blueprint import pages
from plugdesk.errors import PluginError
from plugdesk.i18n import gettext
from plugdesk.plugins import operations
from plugdesk.web.current import current_site, owner_page


@pages.get("/plugins", endpoint="plugins")
@owner_page
def show() -> ResponseReturnValue:
    """List the plugins."""
    site = current_site()
    return render_template(
        "admin/plugins.html", plugins=site.plugins.states(), safe_mode=site.config.safe_mode
    )


@pages.post("/plugins/<name>", endpoint="plugin_switch")
@owner_page
def switch(name: str) -> ResponseReturnValue:
    """Switch a plugin on or off, or call its held hooks again."""
    site = current_site()
    action = request.form.get("do")
    try:
        if action == "enable":
            operations.enable(site, name)
            flash(gettext("%(name)s is on, in every process of the desk.", name=name), "good")
            if request.form.get("then") == "connect":
                return redirect(url_for("admin.account_new"))
        elif action == "disable":
            operations.disable(site, name)
            flash(gettext("%(name)s is off. Its data stays.", name=name), "good")
        elif action == "retry":
            operations.retry(site, name, request.form.get("hook") or None)
            flash(gettext("%(name)s is asked again from now on.", name=name), "good")
        else:
            abort(400)
    except PluginError as problem:
        flash(str(problem), "bad")
    return redirect(url_for("admin.plugins"))
