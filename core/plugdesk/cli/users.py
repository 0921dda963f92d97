"""`plugdesk user`: members of the desk and their passwords."""

from __future__ import annotations

import sys

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.cli.base import Group, command
from plugdesk.cli.opening import open_site
from plugdesk.cli.tables import show_table
from plugdesk.contract.addresses import canonical_address
from plugdesk.contract.tickets import SYSTEM, Role
from plugdesk.errors import NotFound, Refused
from plugdesk.i18n import LANGUAGES, ngettext
from plugdesk.i18n import gettext as _
from plugdesk.people import agents
from plugdesk.people.models import Agent, Person
from plugdesk.people.operations import find, set_password
from plugdesk.people.queries import person_infos

_password_stdin = click.option(
    "--password-stdin", is_flag=True, help=_("Read the password from standard input.")
)


@click.command(
    cls=Group,
    help=_("Members of the desk and their passwords."),
    example="plugdesk user list --site shop",
)
def user() -> None:
    """Hold the commands about members of the desk."""


@command(
    name="add",
    help=_("Add a member of the desk. Asks for the password."),
    example='plugdesk user add "Minji Kim" minji@example.com --role owner --language ko',
)
@click.argument("name")
@click.argument("address")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.AGENT.value,
    show_default=True,
    help=_("What they may do."),
)
@click.option("--language", type=click.Choice(list(LANGUAGES)), help=_("The language they read."))
@_password_stdin
def add(name: str, address: str, role: str, language: str | None, password_stdin: bool) -> None:
    """Add an agent."""
    with open_site() as site:
        password = _ask_password(from_stdin=password_stdin)
        with site.db.write() as session:
            agents.add(
                site,
                session,
                SYSTEM,
                name=name,
                address=address,
                password=password,
                role=Role(role),
                language=language or "",
            )
    click.echo(_("%(name)s can sign in as %(address)s.", name=name, address=address))


@command(
    name="list", help=_("List the members of the desk."), example="plugdesk user list --site shop"
)
def list_users() -> None:
    """Show a table of agents."""
    with open_site() as site, site.db.read() as session:
        agents = session.execute(
            select(Agent, Person).join(Person, Person.id == Agent.person_id).order_by(Person.name)
        ).all()
        people = person_infos(session, [agent.person_id for agent, _person in agents])
        rows = [
            (
                person.name,
                people[person.id].address,
                agent.role,
                person.language,
                "" if agent.active else _("may not sign in"),
            )
            for agent, person in agents
        ]
    if not rows:
        click.echo(_("There is nobody yet. Add somebody: plugdesk user add"))
        return
    show_table((_("Name"), _("Address"), _("Role"), _("Language"), ""), rows)


@command(
    name="password",
    help=_("Set a new password for a member of the desk; signs them out everywhere."),
    example="plugdesk user password minji@example.com",
)
@click.argument("address")
@_password_stdin
def password(address: str, password_stdin: bool) -> None:
    """Set a password."""
    with open_site() as site:
        with site.db.read() as session:
            find_agent(session, address)
        new = _ask_password(from_stdin=password_stdin)
        with site.db.write() as session:
            set_password(session, find_agent(session, address), new)
    click.echo(_("The password was changed."))


@command(
    name="role",
    help=_("Set what a member of the desk may do; they sign in again."),
    example="plugdesk user role minji@example.com lead",
)
@click.argument("address")
@click.argument("role", type=click.Choice([role.value for role in Role]))
def set_role(address: str, role: str) -> None:
    """Set a role."""
    with open_site() as site, site.db.write() as session:
        person_id = find_agent(session, address).person_id
        freed = agents.change_role(site, session, SYSTEM, person_id, Role(role))
    click.echo(_("%(address)s has the role %(role)s.", address=address, role=role))
    _tell_freed(freed)


@command(
    name="deactivate",
    help=_("End somebody's work at the desk: signed out, and no way in until reactivated."),
    example="plugdesk user deactivate minji@example.com",
)
@click.argument("address")
def deactivate(address: str) -> None:
    """Deactivate an agent."""
    with open_site() as site, site.db.write() as session:
        person_id = find_agent(session, address).person_id
        freed = agents.deactivate(site, session, SYSTEM, person_id)
    click.echo(_("%(name)s is signed out and cannot sign in any more.", name=address))
    _tell_freed(freed)


@command(
    name="reactivate",
    help=_("Let somebody who was deactivated sign in again."),
    example="plugdesk user reactivate minji@example.com",
)
@click.argument("address")
def reactivate(address: str) -> None:
    """Reactivate an agent."""
    with open_site() as site, site.db.write() as session:
        agents.reactivate(site, session, SYSTEM, find_agent(session, address).person_id)
    click.echo(_("%(name)s can sign in again.", name=address))


def _tell_freed(freed: int) -> None:
    if freed:
        click.echo(
            ngettext(
                "%(num)s ticket is unassigned now.", "%(num)s tickets are unassigned now.", freed
            )
        )


def find_agent(session: Session, address: str) -> Agent:
    """Return the member of the desk with an address. Raises NotFound or Refused."""
    try:
        person = find(session, canonical_address(address))
    except ValueError as error:
        raise Refused(str(error)) from None
    agent = session.get(Agent, person.id) if person else None
    if agent is None:
        msg = _("No member of the desk has the address %(address)s.", address=address)
        raise NotFound(msg)
    return agent


def _ask_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    entered: str = click.prompt(
        _("Password"), hide_input=True, confirmation_prompt=_("The same again")
    )
    return entered


user.add_command(add)
user.add_command(list_users)
user.add_command(password)
user.add_command(set_role)
user.add_command(deactivate)
user.add_command(reactivate)
