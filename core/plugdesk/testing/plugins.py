"""Throwaway plugins as installed distributions, and sites that use them."""

from __future__ import annotations

import importlib
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from plugdesk.accounts.models import Account
from plugdesk.clock import FrozenClock
from plugdesk.config import SiteConfig
from plugdesk.plugins import rows
from plugdesk.plugins.states import PluginState
from plugdesk.site import Site
from plugdesk.testing.sites import MOMENT
from plugdesk.tickets.models import Ticket

HEADER = "from plugdesk.plugin import *\nfrom plugdesk.plugin import hookimpl, desk\n"


class Shelf:
    """A folder on the import path in which plugins are installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def put(
        self,
        name: str,
        code: str,
        *,
        requires: tuple[str, ...] = ("plugdesk>=0.1,<0.2",),
        distribution: str = "",
        files: dict[str, str] | None = None,
    ) -> str:
        """Install a plugin whose module consists of `code`; returns the module's name.

        `files` are further files of its package, by path.
        """
        distribution = distribution or f"plugdesk-{name}"
        module = f"plugdesk_{uuid4().hex[:12]}"
        package = self.folder / module
        package.mkdir()
        (package / "__init__.py").write_text(HEADER + textwrap.dedent(code))
        for path, text in (files or {}).items():
            (package / path).parent.mkdir(parents=True, exist_ok=True)
            (package / path).write_text(textwrap.dedent(text))
        info = self.folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n"
            f"Summary: The plugin {name}\n{needs}"
        )
        (info / "entry_points.txt").write_text(f"[plugdesk]\n{name} = {module}\n")
        importlib.invalidate_caches()
        return module

    def remove(self, distribution: str) -> None:
        """Uninstall a plugin; its module stays in memory."""
        shutil.rmtree(self.folder / f"{distribution.replace('-', '_')}-1.2.dist-info")

    def distributions(self) -> list[Distribution]:
        """Return what is installed here, and nothing from the test's own environment."""
        return list(distributions(path=[str(self.folder)]))


@contextmanager
def on_path(folder: Path) -> Iterator[None]:
    """Let plugins be imported from `folder` within the block, and forgotten after it."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", "")).startswith(str(folder)):
                del sys.modules[name]


class Sites:
    """Opens processes' views of one site: every call is like another process."""

    def __init__(self, config: SiteConfig, shelf: Shelf) -> None:
        self.config = config
        self.shelf = shelf
        self.clock = FrozenClock(MOMENT)
        self._opened: list[Site] = []

    def open(self, **settings: Any) -> Site:
        """Open the site with the plugins that are installed now."""
        config = self.config.model_copy(update=settings)
        site = Site(config, clock=self.clock, distributions=self.shelf.distributions())
        self._opened.append(site)
        return site

    def with_plugins(self, *names: str, **settings: Any) -> Site:
        """Open the site with these plugins switched on, without the checks the owner gets."""
        site = self.open(**settings)
        with site.db.write() as session:
            for name in names:
                rows.save_switch(session, name, "1.2", on=True)
        refresh(site)
        return site

    def close(self) -> None:
        """Close everything that was opened."""
        for site in self._opened:
            site.hooks.close()
            site.close()


def refresh(site: Site) -> bool:
    """Do what every process does before a request and per tick."""
    with site.db.read() as session:
        return site.plugins.refresh(session)


def state_of(site: Site, name: str) -> PluginState:
    """Return where a plugin stands."""
    return site.plugins.state(name)


def add_ticket(site: Site, subject: str = "Refund") -> int:
    """Make a ticket and return its id."""
    with site.db.write() as session:
        account = Account(
            channel="test", plugin="test", name="", address="a@example.com", config={},
            created_at=MOMENT,
        )  # fmt: skip
        session.add(account)
        session.flush()
        ticket = Ticket(
            account_id=account.id, subject=subject, created_at=MOMENT, activity_at=MOMENT
        )
        session.add(ticket)
        session.flush()
        return ticket.id


def subjects(site: Site) -> list[str]:
    """Return the subjects of all tickets, in order."""
    with site.db.read() as session:
        return list(session.scalars(select(Ticket.subject).order_by(Ticket.subject)))


def eventually(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something becomes true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.01)
