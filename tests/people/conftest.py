"""Fixtures for people: who works here, and passwords that are quick to check."""

from __future__ import annotations

import pytest
from mailroom import Mailroom
from plugdesk.contract.tickets import Actor, Role
from plugdesk.people import operations
from plugdesk.tickets.models import Ticket
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with little work: these tests sign in often."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(operations, "_hasher", quick)
    operations._dummy_hash.cache_clear()


@pytest.fixture
def owner(mailroom: Mailroom) -> Actor:
    """The owner."""
    return mailroom.agent(Role.OWNER)


@pytest.fixture
def agent(mailroom: Mailroom) -> Actor:
    """An ordinary agent."""
    return mailroom.agent()


@pytest.fixture
def account(mailroom: Mailroom) -> int:
    """The account support@desk.test."""
    return mailroom.account()


@pytest.fixture
def ticket(mailroom: Mailroom, account: int) -> Ticket:
    """Ann's ticket."""
    return mailroom.ticket_from(account, message_id="first@customer.test")
