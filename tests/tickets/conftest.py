"""Fixtures for tickets: an account, an agent, and a customer's ticket."""

from __future__ import annotations

import pytest
from mailroom import Mailroom
from plugdesk.contract.tickets import Actor
from plugdesk.tickets.models import Ticket


@pytest.fixture
def account(mailroom: Mailroom) -> int:
    """The account support@desk.test."""
    return mailroom.account()


@pytest.fixture
def agent(mailroom: Mailroom) -> Actor:
    """An ordinary agent."""
    return mailroom.agent()


@pytest.fixture
def ticket(mailroom: Mailroom, account: int) -> Ticket:
    """Ann's ticket."""
    return mailroom.ticket_from(account, message_id="first@customer.test")
