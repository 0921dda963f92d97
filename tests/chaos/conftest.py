"""Desks that are killed, and the mailbox they read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plugdesk.config import SiteConfig
from plugdesk.site import Site
from plugdesk.testing.crash import CrashLab, DoomedDesk
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.postgres import Postgres
from plugdesk.testing.servers.smtp import SmtpServer
from plugdesk.testing.sites import connect_mailbox, copy_site, new_site

KINDS = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def crash_lab() -> Iterator[CrashLab]:
    """The process from which doomed desks are forked."""
    with CrashLab() as lab:
        yield lab


@pytest.fixture(scope="session", params=KINDS)
def template(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> SiteConfig:
    """A site on each kind of database with the mailbox plugin enabled, made once and copied."""
    url = ""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create_database()
    folder = tmp_path_factory.mktemp("template") / "site"
    return new_site(folder, database=url, plugins=("mailbox",))


@pytest.fixture
def desk(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    template: SiteConfig,
    mailbox: Mailbox,
    smtp_server: SmtpServer,
) -> DoomedDesk:
    """A desk on each kind of database."""
    smtp_server.add_user(mailbox.address, mailbox.password)

    def database() -> str:
        if not template.database:
            return ""
        server: Postgres = request.getfixturevalue("postgres")
        return server.create_database(template.database.rpartition("/")[2])

    def make() -> DoomedDesk:
        number = len(list(tmp_path.iterdir()))
        config = copy_site(template, tmp_path / f"site{number}", database=database())
        with Site(config) as site:
            account = connect_mailbox(
                site,
                address=mailbox.address,
                password=mailbox.password,
                imap_port=mailbox.server.imap_port,
                smtp_port=smtp_server.port,
                ca_files=[mailbox.server.ca_file, smtp_server.ca_file],
            )
        return DoomedDesk(config, account, mailbox, smtp_server, make)

    return make()
