"""`plugdesk team`: teams and who is in them."""

from __future__ import annotations

import click

from plugdesk.cli.base import Group, command
from plugdesk.cli.opening import open_site
from plugdesk.cli.tables import show_table
from plugdesk.cli.users import find_agent
from plugdesk.contract.tickets import SYSTEM
from plugdesk.i18n import gettext as _
from plugdesk.people.summaries import team_summaries
from plugdesk.people.teams import make_team, set_members


@click.command(
    cls=Group,
    help=_("Teams, which share tickets."),
    example="plugdesk team list --site shop",
)
def team() -> None:
    """Hold the commands about teams."""


@command(
    name="add",
    help=_("Make a team."),
    example="plugdesk team add Sales --member minji@example.com --member ann@example.com",
)
@click.argument("name")
@click.option(
    "--private",
    is_flag=True,
    help=_("Only members, leads and owners see its tickets."),
)
@click.option(
    "--member",
    "addresses",
    multiple=True,
    metavar=_("ADDRESS"),
    help=_("Somebody who is in it; may be given several times."),
)
def add(name: str, private: bool, addresses: tuple[str, ...]) -> None:
    """Make a team with members."""
    with open_site() as site, site.db.write() as session:
        made = make_team(site, session, SYSTEM, name=name, private=private)
        people = [find_agent(session, address).person_id for address in addresses]
        set_members(site, session, SYSTEM, made.id, people)
        name = made.name
    click.echo(_("The team %(name)s is made.", name=name))


@command(name="list", help=_("List the teams."), example="plugdesk team list --site shop")
def list_teams() -> None:
    """Show a table of teams."""
    with open_site() as site, site.db.read() as session:
        found = team_summaries(session)
    if not found:
        click.echo(_("There is no team yet. Make one: plugdesk team add NAME"))
        return
    rows = [
        (
            one.name,
            _("private") if one.private else "",
            ", ".join(one.members),
            ", ".join(one.accounts),
        )
        for one in found
    ]
    show_table((_("Name"), "", _("Members"), _("Accounts")), rows)


team.add_command(add)
team.add_command(list_teams)
