"""Real sites with plugins that are made of functions, and a record of what plugins saw.

Loaded by the conftests of the folders that want it, and by processes that tests start.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import Distribution
from pathlib import Path
from types import ModuleType
from typing import Any

from plugdesk.accounts.models import Account
from plugdesk.clock import Clock
from plugdesk.config import SiteConfig
from plugdesk.contract.events import Event
from plugdesk.contract.tickets import SYSTEM
from plugdesk.db import Base, Database
from plugdesk.events.operations import record
from plugdesk.plugin import hookimpl
from plugdesk.plugins import rows
from plugdesk.plugins.context import CURRENT
from plugdesk.settings.secrets import Keys
from plugdesk.site import Site
from plugdesk.tickets.models import Ticket
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.orm import Session

Subscriber = Callable[[Event, Session], None]
START = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)

own = MetaData()
#: What a subscriber wrote about each event that it took, in the order in which it did.
seen = Table(
    "seen",
    own,
    Column("n", Integer, primary_key=True),
    Column("plugin", String(40)),
    Column("event_id", Integer),
    Column("position", Integer),
    Column("ticket_id", Integer),
    Column("step", Integer),
)


class FunctionPlugin(Distribution):
    """An installed plugin whose hooks are the given functions, by the hooks' names."""

    def __init__(self, name: str, **hooks: Callable[..., Any]) -> None:
        self._name = name
        self._module = f"plugdesk_test_{name}_{id(self)}"
        module = ModuleType(self._module)
        for hook, function in hooks.items():
            setattr(module, hook, hookimpl(function))
        sys.modules[self._module] = module

    def read_text(self, filename: str) -> str | None:
        return {
            "METADATA": f"Metadata-Version: 2.1\nName: plugdesk-{self._name}\nVersion: 1.0\n"
            "Requires-Dist: plugdesk>=0.1,<0.2\n",
            "entry_points.txt": f"[plugdesk]\n{self._name} = {self._module}\n",
        }.get(filename)

    def locate_file(self, path: Any) -> Any:
        return Path(path)


def subscribing(name: str, subscriber: Subscriber) -> FunctionPlugin:
    """Return a plugin that hands each event, with the session, to `subscriber`."""

    def event(event: Event) -> None:
        session = CURRENT.get().session
        assert session is not None
        subscriber(event, session)

    return FunctionPlugin(name, event=event)


def create_site(folder: Path, url: str) -> None:
    """Make the site's key and tables; the empty address is SQLite in its folder."""
    importlib.import_module("plugdesk.db.models")
    Keys.create_file(folder / "secret.key")
    database = Database(SiteConfig(folder=folder, database=url).database_url)
    with database.writer.begin() as connection:
        Base.metadata.create_all(connection)
        own.create_all(connection)
    database.close()


def open_site(
    folder: Path,
    url: str,
    plugins: Sequence[Distribution] = (),
    clock: Clock | None = None,
    **config: Any,
) -> Site:
    """Open a site as a process would."""
    settings = SiteConfig(folder=folder, database=url, **config)
    return Site(settings, clock=clock, distributions=plugins)


def enable(site: Site, **plugins: bool) -> None:
    """Switch plugins on or off, without the checks that the owner gets."""
    with site.db.write() as session:
        for name, on in plugins.items():
            rows.save_switch(session, name, "1.0", on=on)
    with site.db.read() as session:
        site.plugins.refresh(session)


def add_tickets(site: Site, count: int) -> list[int]:
    """Make tickets; returns their ids."""
    with site.db.write() as session:
        account = Account(
            channel="test", plugin="test", name="", address="a@example.com", config={},
            created_at=START,
        )  # fmt: skip
        session.add(account)
        session.flush()
        tickets = [
            Ticket(account_id=account.id, created_at=START, activity_at=START) for _ in range(count)
        ]
        session.add_all(tickets)
        session.flush()
        return [ticket.id for ticket in tickets]


def record_step(session: Session, ticket_id: int, at: datetime = START) -> int:
    """Do what an operation does: lock a ticket, change it, record the fact."""
    ticket = session.scalars(select(Ticket).where(Ticket.id == ticket_id).with_for_update()).one()
    session.refresh(ticket)
    ticket.version += 1
    record(session, "stepped", SYSTEM, at, ticket_id=ticket_id, data={"step": ticket.version})
    session.flush()
    return ticket.version


def note_down(plugin: str) -> Subscriber:
    """Return a subscriber that writes down what it sees."""

    def subscriber(event: Event, session: Session) -> None:
        session.execute(
            insert(seen).values(
                plugin=plugin, event_id=event.id, position=event.position,
                ticket_id=event.ticket_id, step=event.data["step"],
            )
        )  # fmt: skip

    return subscriber


def positions(site: Site, plugin: str) -> list[int]:
    """Return the positions that a subscriber wrote down, in the order in which it did."""
    with site.db.read() as session:
        query = select(seen.c.position).where(seen.c.plugin == plugin).order_by(seen.c.n)
        return list(session.scalars(query))
