"""The command `plugdesk` itself."""

from __future__ import annotations

import click

from plugdesk import __version__
from plugdesk.cli.base import Group
from plugdesk.i18n import gettext as _


@click.command(
    cls=Group,
    name="plugdesk",
    help=_("A unified inbox made of a small core and plugins."),
    example="plugdesk init shop\nplugdesk serve --site shop",
    lazy={
        "init": ("plugdesk.cli.init:init", _("Make a site in a folder.")),
        "serve": ("plugdesk.cli.serve:serve", _("Serve the pages and do the work behind them.")),
        "worker": ("plugdesk.cli.worker:worker", _("Do the work behind the pages alone.")),
        "demo": ("plugdesk.cli.demo:demo", _("Fill a site with sample tickets, or empty it.")),
        "user": ("plugdesk.cli.users:user", _("Members of the desk and their passwords.")),
        "team": ("plugdesk.cli.teams:team", _("Teams, which share tickets.")),
        "accounts": (
            "plugdesk.cli.accounts:accounts",
            _("Connected mailboxes and others."),
        ),
        "plugins": (
            "plugdesk.cli.plugins:plugins",
            _("Switch plugins on and off."),
        ),
        "upgrade": ("plugdesk.cli.upgrade:upgrade", _("Bring the database to this version.")),
    },
)
@click.version_option(
    __version__,
    message="Plugdesk %(version)s",
    help=_("Show the version and exit."),
)
def plugdesk() -> None:
    """Hold the commands."""
