"""Calling operations on people and teams, and seeing what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mailroom import Mailroom
from plugdesk.people.summaries import member_ids


def do(mailroom: Mailroom, operation: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call an operation in a transaction of its own."""
    with mailroom.site.db.write() as session:
        return operation(mailroom.site, session, *arguments, **named)


def inside(mailroom: Mailroom, team_id: int) -> set[int]:
    """Return the members of a team."""
    with mailroom.site.db.read() as session:
        return member_ids(session, team_id)
