"""Fixtures for intake: a desk whose channel does what the test says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from channels import Script, ScriptedChannel, channels
from mailroom import Mailroom


@pytest.fixture
def room(open_mailroom: Callable[..., Mailroom], monkeypatch: pytest.MonkeyPatch) -> Mailroom:
    """A desk with the scripted channel, and a parser of its own for each test."""
    monkeypatch.setattr(ScriptedChannel, "parser", Script())
    return open_mailroom(scripted={"channels": channels})
