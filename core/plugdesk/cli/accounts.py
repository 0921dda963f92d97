"""`plugdesk accounts`: connected mailboxes and other channels."""

from __future__ import annotations

import click
from sqlalchemy.orm import Session

from plugdesk.accounts import operations
from plugdesk.accounts.queries import AccountSummary, summaries
from plugdesk.cli.base import Group, command
from plugdesk.cli.fetching import fetch_account
from plugdesk.cli.opening import open_site
from plugdesk.cli.settings_form import ask_settings, parse_assignments, prepared
from plugdesk.cli.tables import show_table
from plugdesk.contract.channels import CheckResult
from plugdesk.contract.tickets import SYSTEM
from plugdesk.errors import ChannelError, NotFound, Refused
from plugdesk.i18n import gettext as _
from plugdesk.intake import process
from plugdesk.site import Site


@click.command(
    cls=Group,
    help=_("Connected mailboxes and other channels."),
    example="plugdesk accounts list --site shop",
)
def accounts() -> None:
    """Hold the commands about accounts."""


@command(
    name="list",
    help=_("List the accounts, how they are doing and what came through them."),
    example="plugdesk accounts list --site shop",
)
def list_accounts() -> None:
    """Show a table of accounts."""
    with open_site() as site, site.db.read() as session:
        found = summaries(session)
    if not found:
        click.echo(_("There is no account yet. Connect one: plugdesk accounts add ADDRESS"))
        return
    heading = (
        _("Number"),
        _("Address"),
        _("Channel"),
        _("State"),
        _("New"),
        _("Known"),
        _("Quarantined"),
        _("Last success"),
    )
    show_table(heading, [_row(account) for account in found])
    for account in found:
        if account.error:
            click.echo(f"\n{account.address}: {account.error}")


@command(
    name="add",
    help=_(
        "Connect an account. Asks for the settings that its channel needs, tries them both ways,"
        " and saves them when they work."
    ),
    example=(
        "plugdesk accounts add support@example.com\n"
        "plugdesk accounts add support@example.com --set imap_host=imap.example.com"
    ),
)
@click.argument("address")
@click.option("--channel", help=_("How mail comes; only needed where there are several ways."))
@click.option("--name", default="", help=_("What the desk calls the account."))
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar=_("KEY=VALUE"),
    help=_("A setting of the channel; may be given several times. It is then not asked for."),
)
@click.option("--all", "ask_all", is_flag=True, help=_("Ask for the settings with a default too."))
@click.option("--no-input", is_flag=True, help=_("Ask for nothing."))
@click.option("--no-check", is_flag=True, help=_("Save without trying."))
def add(
    address: str,
    channel: str | None,
    name: str,
    assignments: tuple[str, ...],
    ask_all: bool,
    no_input: bool,
    no_check: bool,
) -> None:
    """Ask, try and save."""
    with open_site() as site:
        channel = channel or _only_channel(site)
        _plugin, channel_class = site.plugins.channel(channel)
        given = parse_assignments(assignments)
        values = channel_class.suggest(address) | given
        if not no_input:
            values |= ask_settings(channel_class.settings, values, given=given, ask_all=ask_all)
        values = prepared(channel_class.settings, values)
        if not no_check:
            opened = operations.try_channel(
                site, channel=channel, name=name, address=address, values=values
            )
            _require(list(opened.check()))
        with site.db.write() as session:
            account = operations.create(
                site,
                session,
                SYSTEM,
                channel=channel,
                name=name,
                address=address,
                values=values,
            )
            number = account.id
    click.echo(
        _("%(address)s is connected, as account %(number)s.", address=address, number=number)
    )


@command(
    name="check",
    help=_("Try everything that an account needs, without changing anything."),
    example="plugdesk accounts check support@example.com",
)
@click.argument("account")
def check(account: str) -> None:
    """Run a channel's check."""
    with open_site() as site:
        _account, channel = operations.open_account(site, _find(site, account).id)
        _require(list(channel.check()))
    click.echo(_("The account works."))


@command(
    name="fetch",
    help=_("Fetch what is new on an account now, and make tickets of it."),
    example="plugdesk accounts fetch support@example.com",
)
@click.argument("account")
def fetch(account: str) -> None:
    """Fetch and process."""
    with open_site() as site:
        before = _find(site, account)
        if before.state == "paused":
            raise Refused(_("The account is paused. Resume it on the accounts page first."))
        fetch_account(site, before.id)
        process.run(site)
        after = _find(site, account)
        click.echo(
            _(
                "%(new)s new, %(known)s known, %(quarantined)s quarantined.",
                new=after.new - before.new,
                known=after.known - before.known,
                quarantined=after.quarantined - before.quarantined,
            )
        )
        if after.error:
            raise ChannelError(after.error)


def _only_channel(site: Site) -> str:
    names = [channel.name for _plugin, channel in site.plugins.channels()]
    if not names:
        raise Refused(_("No enabled plugin brings a channel. Try: plugdesk plugins enable mailbox"))
    if len(names) > 1:
        choice = ", ".join(names)
        raise Refused(_("Say which channel with --channel: %(choice)s.", choice=choice))
    return names[0]


def _find(site: Site, wanted: str) -> AccountSummary:
    with site.db.read() as session:
        return _found(session, wanted)


def _found(session: Session, wanted: str) -> AccountSummary:
    for account in summaries(session):
        if wanted in (str(account.id), account.address):
            return account
    raise NotFound(
        _("There is no account %(account)s. See: plugdesk accounts list", account=wanted)
    )


def _require(results: list[CheckResult]) -> None:
    for result in results:
        sign = _("works") if result.ok else _("FAILS")
        click.echo(f"{sign}  {_(str(result.label))}: {result.sentence}")
    if not all(result.ok for result in results):
        raise Refused(_("The account does not work with these settings. Correct what fails."))


def _row(account: AccountSummary) -> tuple[str, ...]:
    states = {"active": _("active"), "paused": _("paused"), "signed_out": _("signed out")}
    success = account.succeeded_at
    return (
        str(account.id),
        account.address,
        account.channel,
        states[account.state],
        str(account.new),
        str(account.known),
        str(account.quarantined),
        success.strftime("%Y-%m-%d %H:%MZ") if success else "",
    )


for _command in (list_accounts, add, check, fetch):
    accounts.add_command(_command)
