"""`plugdesk plugins`: switching plugins on and off."""

from __future__ import annotations

import click

from plugdesk.cli.base import Group, command
from plugdesk.cli.opening import open_site
from plugdesk.cli.tables import show_table
from plugdesk.i18n import gettext as _
from plugdesk.plugins import operations
from plugdesk.plugins.states import PluginState, State


@click.command(
    cls=Group,
    help=_("Switch plugins on and off, and check them. Running processes follow by themselves."),
    example="plugdesk plugins list --site shop",
)
def plugins() -> None:
    """Hold the commands about plugins."""


@command(
    name="list",
    help=_("List the installed plugins and what is wrong with them."),
    example="plugdesk plugins list --site shop",
)
def list_plugins() -> None:
    """Show a table of plugins."""
    with open_site() as site:
        states = site.plugins.states()
    if not states:
        click.echo(_("No plugin is installed. Install one: pip install plugdesk-mailbox"))
        return
    show_table(
        (_("Plugin"), _("Version"), _("State"), _("Summary")),
        [(state.name, state.version, _state(state), state.summary) for state in states],
    )
    for state in states:
        _show_trouble(state)


@command(
    name="enable",
    help=_("Switch a plugin on, after trying it in a process of its own."),
    example="plugdesk plugins enable mailbox",
)
@click.argument("name")
def enable(name: str) -> None:
    """Enable a plugin."""
    with open_site() as site:
        operations.enable(site, name)
    click.echo(_("%(plugin)s is on.", plugin=name))


@command(
    name="disable",
    help=_("Switch a plugin off. Its data stays."),
    example="plugdesk plugins disable mailbox",
)
@click.argument("name")
def disable(name: str) -> None:
    """Disable a plugin."""
    with open_site() as site:
        operations.disable(site, name)
    click.echo(_("%(plugin)s is off; its data stays.", plugin=name))


@command(
    name="check",
    help=_("Try a plugin in a process of its own, without switching it on."),
    example="plugdesk plugins check mailbox",
)
@click.argument("name")
def check(name: str) -> None:
    """Preflight a plugin."""
    with open_site() as site:
        operations.check(site, name)
    click.echo(_("%(plugin)s can be used.", plugin=name))


@command(
    name="retry",
    help=_("Call a plugin's held hooks again, or the one that is named."),
    example="plugdesk plugins retry mailbox message_incoming",
)
@click.argument("name")
@click.argument("hook", required=False)
def retry(name: str, hook: str | None) -> None:
    """Take hooks out of hold."""
    with open_site() as site:
        operations.retry(site, name, hook)
    click.echo(_("The hooks of %(plugin)s are called again.", plugin=name))


def _state(state: PluginState) -> str:
    names = {
        State.ENABLED: _("on"),
        State.OFF: _("off"),
        State.INCOMPATIBLE: _("incompatible"),
        State.HELD: _("held"),
        State.MISSING: _("missing"),
    }
    return names[state.state]


def _show_trouble(state: PluginState) -> None:
    if state.reason:
        click.echo(f"\n{state.name}: {state.reason}")
    for hold in state.held_hooks:
        heading = _("%(plugin)s: %(hook)s is held.", plugin=state.name, hook=hold.hook)
        click.echo(f"\n{heading} {hold.error}")


for _command in (list_plugins, enable, disable, check, retry):
    plugins.add_command(_command)
