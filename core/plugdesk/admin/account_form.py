"""Adding an account: ask little, find out the rest, try it, save it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, SecretStr

from plugdesk.accounts import checks, operations
from plugdesk.accounts.checks import CHECK, Candidate
from plugdesk.accounts.routing import set_team
from plugdesk.admin.blueprint import pages
from plugdesk.contract.addresses import canonical_address
from plugdesk.contract.channels import Channel
from plugdesk.errors import NotFound, PluginError
from plugdesk.i18n import gettext
from plugdesk.people.queries import teams
from plugdesk.plugins.states import State
from plugdesk.settings.forms import load_settings
from plugdesk.web.current import actor, current_site, owner_page
from plugdesk.web.model_form import FormField, form_fields, kind_of, problems_of, read_form
from plugdesk.web.numbers import row_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountForm:
    """The form that adds or changes an account."""

    channel: str
    label: str
    name: str
    address: str
    plain: tuple[FormField, ...]
    """What has to be asked."""
    folded: tuple[FormField, ...]
    """What follows from the address or has a default."""
    check: str = ""
    """An earlier check whose secrets stay if they are left empty."""
    account_id: int | None = None
    team_id: int | None = None
    unknown: bool = False
    """Whether nothing is wrong yet, but the address did not tell the rest."""


@pages.get("/accounts/new", endpoint="account_new")
@owner_page
def choose() -> ResponseReturnValue:
    """Ask for the channel where there are several; offer plugins that would bring one."""
    registry = current_site().plugins
    channels = [channel for _plugin, channel in registry.channels()]
    off = [state for state in registry.states() if state.state is State.OFF and state.adds.channels]
    if len(channels) == 1 and not off:
        return redirect(url_for("admin.account_begin", channel=channels[0].name))
    return render_template("admin/account_new.html", channels=channels, off=off)


@pages.get("/accounts/new/<channel>", endpoint="account_begin")
@owner_page
def begin(channel: str) -> ResponseReturnValue:
    """Ask for address and password; or for everything again after a check."""
    found = _channel(channel)
    earlier = request.args.get("check", "")
    if earlier:
        candidate = _earlier(earlier)
        values = dict(candidate.values)
        form = _form(found, candidate.name, candidate.address, values, {}, check=earlier)
        return _page(replace(form, team_id=candidate.team_id))
    short = _form(found, "", "", {}, {})
    only_secrets = tuple(field for field in short.plain if field.kind == "secret")
    return _page(
        AccountForm(
            channel=found.name,
            label=gettext(found.label),
            name="",
            address="",
            plain=only_secrets,
            folded=(),
        )
    )


@pages.post("/accounts/new/<channel>", endpoint="account_try")
@owner_page
def try_it(channel: str) -> ResponseReturnValue:
    """Begin a check, or show what is still missing."""
    found = _channel(channel)
    name = " ".join(request.form.get("account_name", "").split())
    address = request.form.get("account_address", "").strip()
    earlier = request.form.get("check", "")
    values = _suggested(found, address) | _kept_secrets(found, earlier)
    values |= read_form(found.settings, request.form)
    problems = problems_of(found.settings, values)
    try:
        address = canonical_address(address)
    except ValueError:
        problems["account_address"] = gettext("Enter a whole mail address.")
    site = current_site()
    team_id = request.form.get("team", type=row_id)
    candidate = Candidate(
        channel=channel, name=name or address, address=address, values=values, team_id=team_id
    )
    with site.db.write() as session:  # also when something is missing: it keeps the password
        number = checks.start_check(site, session, actor(), candidate)
    if problems:
        told = _told_now(problems)
        form = _form(found, name, address, values, told, check=number, unknown=not told)
        return _page(replace(form, team_id=team_id), told), 422
    site.jobs.enqueue(CHECK, check=number)
    return redirect(url_for("admin.account_check", check=number))


@pages.get("/accounts/check/<check>", endpoint="account_check")
@owner_page
def show_check(check: str) -> ResponseReturnValue:
    """Show what was found so far; the page asks again until the check has ended."""
    site = current_site()
    with site.db.read() as session:
        found = checks.read_check(site, session, check)
    return render_template("admin/account_check.html", check=found)


@pages.post("/accounts/check/<check>", endpoint="account_save")
@owner_page
def save(check: str) -> ResponseReturnValue:
    """Save the account as it was checked, also when not everything worked."""
    site = current_site()
    with site.db.write() as session:
        candidate = checks.read_check(site, session, check).candidate
        account = operations.create(
            site,
            session,
            actor(),
            channel=candidate.channel,
            name=candidate.name,
            address=candidate.address,
            values=candidate.values,
        )
        set_team(site, session, actor(), account.id, candidate.team_id)
        checks.forget_check(session, check)
    flash(gettext("%(name)s is connected. Its mail arrives now.", name=candidate.name), "good")
    return redirect(url_for("admin.accounts"))


@pages.get("/accounts/<int:account_id>", endpoint="account_edit")
@owner_page
def edit(account_id: int) -> ResponseReturnValue:
    """Show an account's settings; secrets stay hidden."""
    site = current_site()
    with site.db.read() as session:
        account = operations.get(session, actor(), account_id)
    channel = _channel(account.channel)
    stored = load_settings(site.keys, channel.settings, account.config)
    values = {name: getattr(stored, name) for name in channel.settings.model_fields}
    form = _form(channel, account.name, account.address, values, {}, account_id=account_id)
    return _page(replace(form, team_id=account.team_id))


@pages.post("/accounts/<int:account_id>/settings", endpoint="account_change")
@owner_page
def change(account_id: int) -> ResponseReturnValue:
    """Store changed settings and start the account again."""
    site = current_site()
    with site.db.read() as session:
        account = operations.get(session, actor(), account_id)
    channel = _channel(account.channel)
    stored = load_settings(site.keys, channel.settings, account.config)
    values = _secrets(stored) | read_form(channel.settings, request.form)
    problems = problems_of(channel.settings, values)
    if problems:
        form = _form(
            channel, account.name, account.address, values, problems, account_id=account_id
        )
        return _page(replace(form, team_id=account.team_id), problems), 422
    with site.db.write() as session:
        operations.reconnect(site, session, actor(), account_id, values)
    flash(gettext("The settings are saved, and the account starts again."), "good")
    return redirect(url_for("admin.accounts"))


@pages.post("/accounts/<int:account_id>/team", endpoint="account_team")
@owner_page
def change_team(account_id: int) -> ResponseReturnValue:
    """Choose the team that gets the account's new tickets; nothing else changes."""
    site = current_site()
    with site.db.write() as session:
        set_team(site, session, actor(), account_id, request.form.get("team", type=row_id))
    flash(gettext("New tickets of this account go there from now on."), "good")
    return redirect(url_for("admin.accounts"))


def _told_now(problems: Mapping[str, str]) -> dict[str, str]:
    """Leave out the problems of questions that nobody was asked yet."""
    asked = {"", "account_address", *request.form.getlist("asked")}
    return {name: problem for name, problem in problems.items() if name in asked}


def _form(
    channel: type[Channel[Any]],
    name: str,
    address: str,
    values: Mapping[str, Any],
    problems: Mapping[str, str],
    *,
    check: str = "",
    account_id: int | None = None,
    unknown: bool = False,
) -> AccountForm:
    """Return the form; what is required and not known yet, or wrong, is asked in the open."""
    known = _suggested(channel, address) if address else {}
    fields = form_fields(
        channel.settings, values, problems, kept=bool(check) or account_id is not None
    )
    plain = tuple(
        field for field in fields if field.error or (field.required and field.name not in known)
    )
    return AccountForm(
        channel=channel.name,
        label=gettext(channel.label),
        name=name,
        address=address,
        plain=plain,
        folded=tuple(field for field in fields if field not in plain),
        check=check,
        account_id=account_id,
        unknown=unknown,
    )


def _page(form: AccountForm, problems: Mapping[str, str] | None = None) -> str:
    with current_site().db.read() as session:
        found = teams(session)
    return render_template(
        "admin/account_form.html", form=form, problems=problems or {}, teams=found
    )


def _channel(name: str) -> type[Channel[Any]]:
    try:
        return current_site().plugins.channel(name)[1]
    except PluginError as problem:
        raise NotFound(str(problem)) from None


def _suggested(channel: type[Channel[Any]], address: str) -> dict[str, Any]:
    """Return what follows from the address, only for settings that exist."""
    try:
        suggestions = channel.suggest(canonical_address(address))
    except ValueError:
        return {}
    return {
        name: getattr(value, "value", value)
        for name, value in suggestions.items()
        if name in channel.settings.model_fields
    }


def _earlier(check: str) -> Candidate:
    site = current_site()
    with site.db.read() as session:
        return checks.read_check(site, session, check).candidate


def _kept_secrets(channel: type[Channel[Any]], check: str) -> dict[str, Any]:
    if not check:
        return {}
    try:
        values = _earlier(check).values
    except NotFound:
        return {}
    return {
        name: values[name]
        for name, info in channel.settings.model_fields.items()
        if name in values and kind_of(info.annotation) == "secret"
    }


def _secrets(settings: BaseModel) -> dict[str, Any]:
    return {
        name: value.get_secret_value()
        for name in type(settings).model_fields
        if isinstance(value := getattr(settings, name), SecretStr)
    }
