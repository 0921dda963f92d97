"""Desks that are killed, and the mailbox they read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plugdesk.site import Site
from plugdesk.testing.crash import CrashLab, DoomedDesk
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.postgres import Postgres
from plugdesk.testing.servers.smtp import SmtpServer
from plugdesk.testing.sites import connect_mailbox, copy_site, new_site


@pytest.fixture(scope="session")
def crash_lab() -> Iterator[CrashLab]:
    """The process from which doomed desks are forked."""
    with CrashLab() as lab:
        yield lab


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, tmp_path: Path, mailbox: Mailbox, smtp_server: SmtpServer
) -> Iterator[DoomedDesk]:
    """A desk on each kind of database."""
    server: Postgres | None = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
    databases: list[str] = []

    def database(template: str | None = None) -> str:
        if server is None:
            return ""
        databases.append(server.create_database(template))
        return databases[-1]

    first = database()
    template = new_site(tmp_path / "template", database=first, plugins=("mailbox",))
    with Site(template) as site:
        account = connect_mailbox(
            site,
            address=mailbox.address,
            password=mailbox.password,
            imap_port=mailbox.server.imap_port,
            smtp_port=smtp_server.port,
            ca_files=[mailbox.server.ca_file, smtp_server.ca_file],
        )
    smtp_server.add_user(mailbox.address, mailbox.password)

    def copy() -> DoomedDesk:
        number = len(list(tmp_path.iterdir()))
        name = first.rpartition("/")[2] if first else None
        config = copy_site(template, tmp_path / f"site{number}", database=database(name))
        return DoomedDesk(config, account, mailbox, smtp_server, copy)

    yield copy()
    for url in databases:
        server.drop_database(url)
