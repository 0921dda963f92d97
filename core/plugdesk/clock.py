"""The time, where tests can hold it still, and deadlines that survive a clock set wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


def has_come(
    deadline: InstrumentedAttribute[Any], now: datetime, longest: timedelta
) -> ColumnElement[bool]:
    """Return the condition that a stored deadline has passed.

    No deadline is set further ahead than `longest`. One that lies further ahead was set by a
    clock that has been put back since (case C20), and counts as passed.
    """
    return or_(deadline <= now, deadline > now + longest)


class FrozenClock:
    """A clock that moves only when told to."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        """Return the moment at which the clock stands."""
        return self._moment

    def move(self, **amount: float) -> None:
        """Move by a timedelta's arguments; backwards too."""
        self._moment += timedelta(**amount)
