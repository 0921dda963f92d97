"""Pytest fixtures that start real servers: name this module in a conftest's `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from plugdesk.testing.servers import require
from plugdesk.testing.servers.dovecot import Dovecot
from plugdesk.testing.servers.smtp import SmtpServer


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
