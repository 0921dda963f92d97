"""`plugdesk upgrade`."""

from __future__ import annotations

import click

from plugdesk.cli.base import command
from plugdesk.cli.opening import open_site, read_config, upgrade_database, upgrade_plugins
from plugdesk.i18n import gettext as _


@command(
    help=_(
        "Bring the database to this version of Plugdesk. Back it up before, and stop every process"
        " of the site."
    ),
    example="plugdesk upgrade --site shop",
)
def upgrade() -> None:
    """Run the missing migrations."""
    if upgrade_database(read_config()):
        click.echo(_("The database was upgraded."))
    with open_site() as site:
        upgrade_plugins(site)
    click.echo(_("The database is up to date."))
