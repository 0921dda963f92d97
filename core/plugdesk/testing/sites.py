"""Throwaway sites for tests."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plugdesk.accounts import operations as accounts
from plugdesk.cli.init import make_site
from plugdesk.clock import Clock
from plugdesk.config import SiteConfig, load_config
from plugdesk.contract.tickets import SYSTEM, Role
from plugdesk.people.operations import add_agent
from plugdesk.plugins.operations import enable
from plugdesk.site import Site

#: A password that every agent of a test site has.
PASSWORD = "correct horse battery"
MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def new_site(folder: Path, *, database: str = "", plugins: tuple[str, ...] = ()) -> SiteConfig:
    """Make a site in `folder` with these plugins enabled, and return its configuration."""
    make_site(folder, database=database, language="en")
    config = config_of(folder)
    if plugins:
        with Site(config) as site:
            for name in plugins:
                enable(site, name)
    return config


def copy_site(template: SiteConfig, folder: Path, *, database: str = "") -> SiteConfig:
    """Copy a site that nobody has open; a PostgreSQL database is copied by the caller."""
    shutil.copytree(template.folder, folder)
    return config_of(folder, database=database)


def config_of(folder: Path, **overrides: Any) -> SiteConfig:
    """Return the configuration of a test site: replies leave at once."""
    values = {"undo_seconds": 0, **overrides}
    return load_config(folder, **{name: value for name, value in values.items() if value != ""})


def open_site(config: SiteConfig, clock: Clock | None = None) -> Site:
    """Open a site; close it, or use it in a `with`."""
    return Site(config, clock=clock)


def make_agent(
    site: Site, address: str = "mina@desk.test", *, name: str = "Mina", role: Role = Role.AGENT
) -> int:
    """Make an agent and return the person's id."""
    with site.db.write() as session:
        agent = add_agent(site, session, name=name, address=address, password=PASSWORD, role=role)
        return agent.person_id


def connect_mailbox(
    site: Site,
    *,
    address: str,
    password: str,
    imap_port: int,
    smtp_port: int,
    ca_files: Sequence[str | Path],
    name: str = "Support",
    host: str = "127.0.0.1",
    security: str = "starttls",
    **settings: Any,
) -> int:
    """Connect a mailbox on test servers and return the account's id."""
    bundle = site.config.folder / "test-ca.pem"
    bundle.write_text("".join(Path(path).read_text() for path in ca_files))
    values = {
        "imap_host": host,
        "imap_port": imap_port,
        "imap_security": security,
        "username": address,
        "password": password,
        "smtp_host": host,
        "smtp_port": smtp_port,
        "smtp_security": security,
        "ca_file": str(bundle),
        **settings,
    }
    with site.db.write() as session:
        account = accounts.create(
            site, session, SYSTEM, channel="mailbox", name=name, address=address, values=values
        )
        return account.id
