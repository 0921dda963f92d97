"""`plugdesk demo`."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click

from plugdesk.cli.base import command, site_folder
from plugdesk.cli.init import make_site
from plugdesk.cli.opening import open_site
from plugdesk.cli.progress import Progress
from plugdesk.cli.tables import show_table
from plugdesk.config import FILE_NAME
from plugdesk.demo.loading import SignInData, load
from plugdesk.demo.removing import remove
from plugdesk.i18n import gettext as _
from plugdesk.site import Site


@command(
    help=_(
        "Fill a site with a sample shop: teams, agents, customers and some forty tickets in"
        " English and Korean. Makes the site when there is none. The samples reach nobody, carry"
        " the tag sample, and can be taken out again with --remove."
    ),
    example="plugdesk demo --site demo\nplugdesk demo --site demo --remove",
)
@click.option("--remove", "removing", is_flag=True, help=_("Delete the samples."))
@click.option(
    "--password-stdin", is_flag=True, help=_("Read the agents' password from standard input.")
)
def demo(removing: bool, password_stdin: bool) -> None:
    """Load or remove the samples."""
    if removing:
        with open_site() as site:
            click.echo(_("%(count)s sample tickets were deleted.", count=remove(site)))
        _sign_ins().unlink(missing_ok=True)
        return
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else secrets.token_urlsafe(12)
    if not (site_folder() / FILE_NAME).exists():
        make_site(site_folder().resolve())
    with open_site() as site:
        agents = _load(site, password)
    _show(agents, password)
    _keep(agents, password)


def _load(site: Site, password: str) -> list[SignInData]:
    with Progress(_("Loading the samples")) as bar:
        return load(site, password=password, progress=bar.show)


def _show(agents: list[SignInData], password: str) -> None:
    click.echo(_("The samples are loaded. Sign in as one of these, all with the same password:"))
    click.echo()
    show_table(
        (_("Address"), _("Name"), _("Role")),
        [(agent.address, agent.name, agent.role.value) for agent in agents],
    )
    click.echo()
    click.echo(_("Password: %(password)s", password=password))
    click.echo(_("Start: plugdesk serve --site %(folder)s", folder=site_folder()))


def _sign_ins() -> Path:
    return site_folder() / "SAMPLES.txt"


def _keep(agents: list[SignInData], password: str) -> None:
    """Write the sign-ins down for the next start; they open nothing but samples."""
    lines = [f"{agent.address}  {agent.role.value}" for agent in agents]
    text = "\n".join([_("Sign in to the samples as one of these:"), *lines])
    _sign_ins().write_text(
        f"{text}\n{_('Password: %(password)s', password=password)}\n", encoding="utf-8"
    )
