"""Delivery: in order, once, whatever a subscriber or a process does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from plugdesk.clock import FrozenClock
from plugdesk.contract.events import Event
from plugdesk.contract.tickets import SYSTEM
from plugdesk.db.guests import host
from plugdesk.errors import NotFound
from plugdesk.events import delivery, failures
from plugdesk.events.models import EventCursor
from plugdesk.events.operations import record
from plugdesk.site import Site
from sites import Subscriber, add_tickets, enable, note_down, positions, record_step
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

MakeSite = Callable[..., Site]


def begin(make_site: MakeSite, **subscribers: Subscriber) -> tuple[Site, int]:
    """Return a site whose subscribers are ready, and a ticket in it."""
    site = make_site(**subscribers)
    delivery.deliver(site)
    return site, add_tickets(site, 1)[0]


def record_events(site: Site, ticket: int, count: int) -> None:
    with site.db.write() as session:
        for _ in range(count):
            record_step(session, ticket)


def test_a_new_subscriber_starts_at_the_end(make_site: MakeSite) -> None:
    """A plugin that was just switched on receives what is recorded from then on."""
    site, ticket = begin(make_site, recorder=note_down("recorder"), late=note_down("late"))
    enable(site, late=False)
    record_events(site, ticket, 3)
    delivery.deliver(site)
    with site.db.write() as session:
        session.execute(delete(EventCursor).where(EventCursor.plugin == "late"))
    enable(site, late=True)
    record_events(site, ticket, 2)
    assert delivery.deliver(site) == 4
    assert positions(site, "recorder") == [1, 2, 3, 4, 5]
    assert positions(site, "late") == [4, 5]
    assert delivery.deliver(site) == 0


def test_a_subscriber_that_is_off_reads_on_later(make_site: MakeSite) -> None:
    """While a plugin is off it receives nothing; switched on again, it goes on where it was."""
    site, ticket = begin(make_site, recorder=note_down("recorder"))
    enable(site, recorder=False)
    record_events(site, ticket, 2)
    assert delivery.deliver(site) == 0
    enable(site, recorder=True)
    assert delivery.deliver(site) == 2


def test_events_say_what_changed(make_site: MakeSite) -> None:
    """A change arrives as fields with their values before and after, with actor and time."""
    events: list[Event] = []
    site, ticket = begin(make_site, reader=lambda event, _session: events.append(event))
    with site.db.write() as session:
        record(
            session,
            "ticket_changed",
            SYSTEM,
            site.clock.now(),
            ticket_id=ticket,
            data={"changes": {"status": ["open", "resolved"]}, "why": "asked"},
        )
    delivery.deliver(site)
    (event,) = events
    assert event.kind == "ticket_changed"
    assert event.resolved
    assert event.changes["status"].before == "open"
    assert event.data == {"why": "asked"}
    assert (event.actor, event.at, event.ticket_id) == (SYSTEM, site.clock.now(), ticket)
    assert not event.replayed


class Unwilling:
    """A subscriber that fails at one position in a given way, until told to be good."""

    def __init__(self, plugin: str, position: int, misbehave: object) -> None:
        self._note = note_down(plugin)
        self._position = position
        self._misbehave = misbehave
        self.good = False
        self.attempts = 0

    def __call__(self, event: Event, session: Session) -> None:
        self._note(event, session)
        if event.position == self._position and not self.good:
            self.attempts += 1
            self._misbehave(session)  # type: ignore[operator]


def raise_error(_session: Session) -> None:
    msg = "no thanks \0"
    raise ValueError(msg)


def raise_exit(_session: Session) -> None:
    raise SystemExit


def break_sql(session: Session) -> None:
    session.execute(text("SELECT nothing FROM nowhere"))


def roll_back(session: Session) -> None:
    session.rollback()


def close(session: Session) -> None:
    session.close()


def end_behind_our_back(session: Session) -> None:
    with host():
        session.rollback()


MISDEEDS = [raise_error, raise_exit, break_sql, roll_back, close, end_behind_our_back]


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_a_bad_subscriber_hurts_nobody(
    make_site: MakeSite, clock: FrozenClock, misdeed: object
) -> None:
    """An event that keeps failing is tried a few times, then set aside; what came before it is
    kept, what comes after it follows, and other plugins notice nothing.
    """
    bad = Unwilling("bad", 3, misdeed)
    site, ticket = begin(make_site, bad=bad, good=note_down("good"))
    record_events(site, ticket, 5)
    for seconds, attempts in ((0, 1), (1, 1), (2, 2), (11, 3), (30, 3), (31, 4)):
        clock.move(seconds=seconds)
        delivery.deliver(site)
        # One that ends our transaction takes part in a batch of which nothing is kept.
        assert bad.attempts in (attempts, attempts + (misdeed is end_behind_our_back))
        assert positions(site, "good") == [1, 2, 3, 4, 5]
        assert positions(site, "bad")[:2] == [1, 2]
    assert positions(site, "bad") == [1, 2, 4, 5]
    with site.db.read() as session:
        (failure,) = failures.failures(session, "bad")
        cursor = session.get_one(EventCursor, "bad")
        assert (cursor.position, cursor.attempts, cursor.retry_at) == (5, 0, None)
    assert failure.event_id == 3
    assert failure.error

    assert failures.retry(site, "bad", 3) is False
    bad.good = True
    assert failures.retry(site, "bad", 3) is True
    assert positions(site, "bad") == [1, 2, 4, 5, 3]
    with pytest.raises(NotFound):
        failures.retry(site, "bad", 3)


def test_a_failed_event_that_recovers_keeps_its_place(
    make_site: MakeSite, clock: FrozenClock
) -> None:
    """While an event is being retried the later ones wait, so that order holds."""
    bad = Unwilling("bad", 2, raise_error)
    site, ticket = begin(make_site, bad=bad)
    record_events(site, ticket, 4)
    delivery.deliver(site)
    assert positions(site, "bad") == [1]
    bad.good = True
    clock.move(seconds=2)
    delivery.deliver(site)
    assert positions(site, "bad") == [1, 2, 3, 4]


def test_a_killed_process_repeats_nothing(
    make_site: MakeSite, database_url: str, tmp_path: Path
) -> None:
    """After kill -9 in the middle of a batch, the next process goes on: each event once."""
    site, ticket = begin(make_site, recorder=note_down("recorder"))
    record_events(site, ticket, 20)
    script = Path(__file__).with_name("delivering_process.py")
    process = subprocess.Popen(
        [sys.executable, script, str(tmp_path), database_url, "13"], stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == b"hanging\n"
        process.kill()
    assert positions(site, "recorder") == list(range(1, 11))
    delivery.deliver(site)
    assert positions(site, "recorder") == list(range(1, 21))
