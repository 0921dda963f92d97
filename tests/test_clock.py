"""Deadlines that survive a clock set wrong, and a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from mailroom import Mailroom
from plugdesk.clock import FrozenClock, SystemClock, has_come
from plugdesk.jobs.models import Lease
from sqlalchemy import select

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LONGEST = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("ahead", "come"),
    [
        (timedelta(days=-1), True),
        (timedelta(0), True),
        (timedelta(microseconds=1), False),
        (LONGEST, False),
        (LONGEST + timedelta(microseconds=1), True),
        (timedelta(days=1), True),
    ],
)
def test_a_deadline_has_a_window(mailroom: Mailroom, ahead: timedelta, come: bool) -> None:
    """One further ahead than any is ever set was set by a clock since put back (case C20)."""
    with mailroom.site.db.write() as session:
        session.add(Lease(name="x", owner="y", expires_at=NOW + ahead))

    with mailroom.site.db.read() as session:
        found = session.scalars(select(Lease.name).where(has_come(Lease.expires_at, NOW, LONGEST)))
        assert list(found) == (["x"] if come else [])


def test_a_frozen_clock_moves_when_told() -> None:
    """In UTC, also backwards."""
    clock = FrozenClock(datetime(2026, 3, 2, 18, tzinfo=timezone(timedelta(hours=9))))

    assert clock.now() == NOW
    clock.move(days=-1, hours=2)
    assert clock.now() == NOW - timedelta(hours=22)
    assert clock.now().utcoffset() == timedelta(0)


def test_the_machines_clock_is_aware() -> None:
    """In UTC."""
    assert SystemClock().now().utcoffset() == timedelta(0)
