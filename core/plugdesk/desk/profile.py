"""The profile page: what agents set about themselves."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from plugdesk.desk.blueprint import pages
from plugdesk.desk.signing import open_browser
from plugdesk.errors import Refused
from plugdesk.i18n import LANGUAGES, gettext, use_language
from plugdesk.people import operations, sign_in
from plugdesk.people.models import Agent
from plugdesk.people.profile import THEMES, Profile, update_profile
from plugdesk.people.sign_in import SignedIn
from plugdesk.web.browsers import describe_browser
from plugdesk.web.current import agent, current_site, desk_page
from plugdesk.web.language import find_zone, zone_names
from plugdesk.web.limits import PER_CLIENT, limiter


@pages.get("/desk/profile", endpoint="profile")
@desk_page
def show() -> ResponseReturnValue:
    """Show the forms and the list of signed-in browsers."""
    site = current_site()
    me = agent()
    with site.db.read() as session:
        browsers = sign_in.open_sign_ins(
            session, site.clock.now(), me.person_id, current=me.token_hash
        )
    return render_template(
        "desk/profile.html",
        languages=LANGUAGES,
        zones=zone_names(),
        themes=THEMES,
        browsers=[(describe_browser(browser.browser), browser) for browser in browsers],
        shortest=operations.SHORTEST_PASSWORD,
    )


@pages.post("/desk/profile", endpoint="profile_save")
@desk_page
def save() -> ResponseReturnValue:
    """Store name, language, time zone and theme; unknown values leave things as they are."""
    site, me, form = current_site(), agent(), request.form
    language = form.get("language", "")
    wanted = Profile(
        name=form.get("name", me.name),
        language=language if language in LANGUAGES else me.language,
        timezone=form["timezone"] if find_zone(form.get("timezone", "")) else me.timezone,
        theme=form["theme"] if form.get("theme") in THEMES else me.theme,
    )
    with site.db.write() as session:
        update_profile(session, site.clock.now(), me.person_id, wanted)
    with use_language(wanted.language or site.config.language):
        flash(gettext("Your profile is saved."), "good")
    return redirect(url_for("desk.profile"))


@pages.post("/desk/profile/password", endpoint="profile_password")
@limiter.limit(PER_CLIENT)
@desk_page
def change_password() -> ResponseReturnValue:
    """Change the password; every other browser is signed out."""
    site, me, form = current_site(), agent(), request.form
    problem = _what_is_wrong(me, form)
    try:
        if not problem:
            with site.db.write() as session:
                found = session.get_one(Agent, me.person_id)
                operations.set_password(session, found, form.get("password", ""))
    except Refused as refusal:
        problem = str(refusal)
    if problem:
        flash(problem, "bad")
        return redirect(url_for("desk.profile"))
    answer = open_browser(me.person_id, url_for("desk.profile"))
    flash(gettext("Your password is changed. Other browsers were signed out."), "good")
    return answer


def _what_is_wrong(me: SignedIn, form: Mapping[str, str]) -> str:
    with current_site().db.read() as session:
        known = operations.verify_password(session, me.address, form.get("current", ""))
    if known is None:
        return gettext("The present password is not right.")
    if form.get("password") != form.get("password_again"):
        return gettext("The two passwords differ. Type them again.")
    return ""
