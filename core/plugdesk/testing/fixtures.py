"""Pytest fixtures that start real servers.

The conftest at the top of a test run names this module in `pytest_plugins`; one further down
imports the fixtures that it wants. What PostgreSQL and Chromium need is imported by their
fixtures alone, so that tests without them need neither psycopg nor Playwright.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from plugdesk.testing.servers import require
from plugdesk.testing.servers.dovecot import Dovecot
from plugdesk.testing.servers.smtp import SmtpServer

if TYPE_CHECKING:
    from plugdesk.testing.servers.chromium import Chromium
    from plugdesk.testing.servers.postgres import Postgres


@dataclass(frozen=True)
class Mailbox:
    """A mailbox of its own for one test.

    Attributes:
        server: the Dovecot that holds it.
        address: what its user signs in with, and what mail to it is addressed to.
        password: what its user signs in with.
    """

    server: Dovecot
    address: str
    password: str


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A Dovecot that all tests share; each takes mailboxes of its own."""
    require("dovecot-imapd")
    with Dovecot() as server:
        yield server


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """An empty mailbox with an address that no other test uses."""
    address = f"support-{uuid4().hex[:12]}@desk.test"
    password = uuid4().hex
    dovecot.add_user(address, password)
    return Mailbox(dovecot, address, password)


@pytest.fixture
def smtp_server(request: pytest.FixtureRequest) -> Iterator[SmtpServer]:
    """A scripted SMTP server; where the test uses `dovecot` too, it delivers into that."""
    wants_dovecot = "dovecot" in request.fixturenames
    target = request.getfixturevalue("dovecot") if wants_dovecot else None
    with SmtpServer(deliver_to=target) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The PostgreSQL that all tests share, with pytest-xdist all its workers too."""
    require("postgresql")
    from plugdesk.testing.servers.postgres import Postgres

    own = tmp_path_factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with Postgres(root=root) as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL for one test alone, which may restart it; starting takes about a second."""
    require("postgresql")
    from plugdesk.testing.servers.postgres import Postgres

    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    """A Chromium that all tests share; each opens contexts of its own.

    From its first use on, Playwright keeps an event loop running in the main thread: tests of
    the same run start loops of their own in other threads.
    """
    require("chromium")
    from plugdesk.testing.servers.chromium import Chromium

    with Chromium() as running:
        yield running
