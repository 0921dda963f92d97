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
from plugdesk.contract.tickets import Role
from plugdesk.errors import NotFound, Refused
from plugdesk.i18n import LANGUAGES
from plugdesk.i18n import gettext as _
from plugdesk.people.models import Agent, Person
from plugdesk.people.operations import add_agent, find, set_password
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
            add_agent(
                site,
                session,
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
            _agent(session, address)
        new = _ask_password(from_stdin=password_stdin)
        with site.db.write() as session:
            set_password(session, _agent(session, address), new)
    click.echo(_("The password was changed."))


def _agent(session: Session, address: str) -> Agent:
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
