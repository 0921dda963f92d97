"""Fixtures for sending: a desk whose account does what the test says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from channels import Script, channels, connect
from mailroom import Mailroom
from plugdesk.contract.tickets import Actor
from plugdesk.tickets.models import Ticket


@pytest.fixture
def room(open_mailroom: Callable[..., Mailroom]) -> Mailroom:
    """A desk with the scripted channel."""
    return open_mailroom(scripted={"channels": channels})


@pytest.fixture
def script() -> Script:
    """What the account does."""
    return Script()


@pytest.fixture
def account(room: Mailroom, script: Script) -> int:
    """An account that does it."""
    return connect(room, "support@desk.test", script)


@pytest.fixture
def agent(room: Mailroom) -> Actor:
    """An ordinary agent."""
    return room.agent()


@pytest.fixture
def ticket(room: Mailroom, account: int) -> Ticket:
    """Ann's ticket."""
    return room.ticket(room.message(room.arrive(account, b"Where is my order?")[0]).ticket_id)
