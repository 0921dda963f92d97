"""Connecting accounts, opening them for work, and noting how the work went."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from sqlalchemy import update
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.contract.addresses import Address, canonical_address
from plugdesk.contract.channels import AccountInfo, Channel
from plugdesk.contract.tickets import Actor
from plugdesk.db import possible_id
from plugdesk.errors import (
    ChannelError,
    ChannelSignedOut,
    ConfigError,
    NotAllowed,
    NotFound,
    PluginError,
    Refused,
)
from plugdesk.events.operations import record
from plugdesk.i18n import gettext, lazy_gettext, stored
from plugdesk.settings.forms import (
    InvalidSettings,
    dump_settings,
    load_settings,
    secret_names,
    validate_settings,
)
from plugdesk.tickets.changes import clean_line

if TYPE_CHECKING:
    from plugdesk.site import Site

#: Waiting between attempts at an account in trouble, in seconds: doubled each time up to this.
LONGEST_WAIT = 900
FIRST_WAIT = 15


def create(
    site: Site,
    session: Session,
    actor: Actor,
    *,
    channel: str,
    name: str,
    address: str,
    values: dict[str, Any],
    team_id: int | None = None,
) -> Account:
    """Connect an account. Nothing is tried here: `try_settings` did, or the first fetch will.

    Raises NotAllowed, PluginError for an unknown channel, or Refused with what is wrong.
    """
    _check(actor)
    plugin, channel_class = site.plugins.channel(channel)
    settings = validate_settings(channel_class.settings, values)
    account = Account(
        channel=channel,
        plugin=plugin,
        name=clean_line(name, 120) or address[:120],
        address=_canonical(address),
        config=dump_settings(site.keys, settings),
        team_id=team_id,
        created_at=site.clock.now(),
    )
    session.add(account)
    session.flush()
    _note(site, session, actor, "account_added", account)
    return account


def reconnect(
    site: Site, session: Session, actor: Actor, account_id: int, values: dict[str, Any]
) -> None:
    """Change an account's settings and start it again; empty secrets stay as they are.

    Raises NotAllowed, NotFound or Refused.
    """
    account = get(session, actor, account_id)
    _plugin, channel_class = site.plugins.channel(account.channel)
    kept = _kept(site, channel_class.settings, account, values)
    settings = validate_settings(channel_class.settings, values, kept=kept)
    account.config = dump_settings(site.keys, settings)
    _start_again(account)
    _note(site, session, actor, "account_changed", account)


def pause(site: Site, session: Session, actor: Actor, account_id: int) -> None:
    """Stop fetching and sending until `resume`. Raises NotAllowed or NotFound."""
    account = get(session, actor, account_id)
    account.state = "paused"
    _note(site, session, actor, "account_paused", account)


def resume(site: Site, session: Session, actor: Actor, account_id: int) -> None:
    """Start an account again. Raises NotAllowed or NotFound."""
    account = get(session, actor, account_id)
    _start_again(account)
    _note(site, session, actor, "account_resumed", account)


def get(session: Session, actor: Actor, account_id: int) -> Account:
    """Return an account for its owner. Raises NotAllowed or NotFound."""
    _check(actor)
    account = session.get(Account, possible_id(account_id))
    if account is None:
        raise NotFound(gettext("There is no such account."))
    return account


def open_account(site: Site, account_id: int) -> tuple[Account, Channel[Any]]:
    """Return an account with its channel ready for work.

    Raises NotFound, PluginError while its plugin is off, or ConfigError when its secrets cannot
    be read.
    """
    with site.db.read() as session:
        account = session.get(Account, account_id)
    if account is None:
        raise NotFound(gettext("There is no such account."))
    plugin, channel_class = site.plugins.channel(account.channel)
    if not site.plugins.is_enabled(plugin):
        msg = lazy_gettext("The plugin %(plugin)s is off; the account rests.", plugin=plugin)
        raise PluginError(msg)
    settings = load_settings(site.keys, channel_class.settings, account.config)
    channel: Channel[Any] = channel_class(settings, account_info(account))
    return account, channel


def try_channel(
    site: Site, *, channel: str, name: str, address: str, values: dict[str, Any]
) -> Channel[Any]:
    """Return a channel for settings that are not saved yet, so that they can be checked.

    Raises PluginError or Refused.
    """
    _plugin, channel_class = site.plugins.channel(channel)
    settings: BaseModel = validate_settings(channel_class.settings, values)
    info = AccountInfo(id=0, name=name, address=Address(name, _canonical(address)))
    return channel_class(settings, info)


def account_info(account: Account) -> AccountInfo:
    """Return what a channel may know of its account."""
    address = Address(account.name, account.address)
    return AccountInfo(id=account.id, name=account.name, address=address)


def fetch_began(site: Site, account_id: int) -> None:
    """Note that a fetch runs."""
    _set(site, account_id, remaining=0)


def fetch_ended(site: Site, account_id: int) -> None:
    """Note that a fetch went through to its end."""
    _set(
        site,
        account_id,
        remaining=None,
        succeeded_at=site.clock.now(),
        error="",
        failures=0,
        retry_at=None,
    )


def fetch_failed(site: Site, account_id: int, error: ChannelError) -> None:
    """Note what is wrong: passing trouble is tried again with backoff, a sign-out stops."""
    with site.db.write() as session:
        account = session.get_one(Account, account_id)
        account.remaining = None
        account.error = stored(error.sentence)
        account.failures += 1
        if isinstance(error, ChannelSignedOut):
            account.state = "signed_out"
            return
        wait = min(FIRST_WAIT * 2 ** (account.failures - 1), LONGEST_WAIT)
        account.retry_at = site.clock.now() + timedelta(seconds=wait)


def _set(site: Site, account_id: int, **values: object) -> None:
    with site.db.write() as session:
        session.execute(update(Account).where(Account.id == account_id).values(**values))


def _kept(
    site: Site, model: type[BaseModel], account: Account, values: dict[str, Any]
) -> BaseModel | None:
    """Return the settings as stored, or None when they cannot be read and are all given anew."""
    try:
        return load_settings(site.keys, model, account.config)
    except (ConfigError, Refused) as error:
        missing = [name for name in secret_names(account.config) if not values.get(name)]
        if missing:
            raise InvalidSettings(dict.fromkeys(missing, str(error))) from None
        return None


def _start_again(account: Account) -> None:
    account.state = "active"
    account.error = ""
    account.failures = 0
    account.retry_at = None


def _note(site: Site, session: Session, actor: Actor, kind: str, account: Account) -> None:
    record(session, kind, actor, site.clock.now(), data={"account_id": account.id})


def _check(actor: Actor) -> None:
    if not actor.can_manage:
        raise NotAllowed(gettext("Only an owner may change accounts."))


def _canonical(address: str) -> str:
    try:
        return canonical_address(address)
    except ValueError:
        raise Refused(gettext("%(address)s is not a mail address.", address=address[:80])) from None
