"""Fixtures for accounts: a desk whose channel does what the test says, and its owner."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from channels import channels
from mailroom import Mailroom
from plugdesk.contract.tickets import Actor, Role


@pytest.fixture
def room(open_mailroom: Callable[..., Mailroom]) -> Mailroom:
    """A desk with the scripted channel."""
    return open_mailroom(scripted={"channels": channels})


@pytest.fixture
def owner(room: Mailroom) -> Actor:
    """The owner."""
    return room.agent(Role.OWNER)
