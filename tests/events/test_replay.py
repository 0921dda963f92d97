"""Replay: the past again, in order, marked, exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from plugdesk.clock import FrozenClock
from plugdesk.contract.events import Event
from plugdesk.events import delivery, failures
from plugdesk.events.replay import replay
from plugdesk.site import Site
from sites import START, add_tickets, enable, record_step
from sqlalchemy.orm import Session

MakeSite = Callable[..., Site]


class Totals:
    """Keeps the steps of each ticket, and what was replayed."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.steps: dict[int, list[int]] = {}
        self.replayed: list[int] = []
        self.positions: list[int] = []

    def __call__(self, event: Event, _session: Session) -> None:
        assert event.ticket_id is not None
        self.steps.setdefault(event.ticket_id, []).append(event.data["step"])
        self.positions.append(event.position)
        if event.replayed:
            self.replayed.append(event.position)


def fill(site: Site, clock: FrozenClock) -> None:
    """Record ten events, a minute apart, and deliver them."""
    delivery.deliver(site)
    tickets = add_tickets(site, 3)
    for number in range(10):
        with site.db.write() as session:
            record_step(session, tickets[number % 3], at=clock.now())
        clock.move(minutes=1)
    delivery.deliver(site)


def test_replay_rebuilds_the_state(make_site: MakeSite, clock: FrozenClock) -> None:
    """A subscriber that forgot everything has the same state after a replay from the start."""
    totals = Totals()
    site = make_site(totals=totals)
    fill(site, clock)
    before = totals.steps
    first = next(iter(before))
    totals.forget()
    assert replay(site, "totals", 1) == 10
    with site.db.write() as session:
        record_step(session, first)
    delivery.deliver(site)
    assert totals.positions == list(range(1, 12))
    assert totals.replayed == list(range(1, 11))
    assert totals.steps.pop(first) == [*before.pop(first), 6]
    assert totals.steps == before


def test_replay_since_a_moment(make_site: MakeSite, clock: FrozenClock) -> None:
    """A moment stands for the first event at or after it; one in the future for nothing."""
    totals = Totals()
    site = make_site(totals=totals)
    fill(site, clock)
    totals.forget()
    assert replay(site, "totals", START + timedelta(minutes=7)) == 3
    delivery.deliver(site)
    assert totals.positions == totals.replayed == [8, 9, 10]
    assert replay(site, "totals", START + timedelta(days=900)) == 0
    assert delivery.deliver(site) == 0


def test_a_second_replay_keeps_the_mark(make_site: MakeSite, clock: FrozenClock) -> None:
    """Events are marked as replayed up to where the plugin had ever been."""
    totals = Totals()
    site = make_site(totals=totals)
    fill(site, clock)
    replay(site, "totals", 3)
    replay(site, "totals", 1)
    totals.forget()
    delivery.deliver(site)
    assert totals.positions == totals.replayed == list(range(1, 11))


def test_a_plugin_enabled_today_reads_the_past(make_site: MakeSite, clock: FrozenClock) -> None:
    """A plugin that never read the log can be given all of it."""
    newcomer = Totals()
    site = make_site(newcomer=newcomer)
    enable(site, newcomer=False)
    fill(site, clock)
    enable(site, newcomer=True)
    assert replay(site, "newcomer", 1) == 10
    delivery.deliver(site)
    assert newcomer.positions == list(range(1, 11))


def test_replay_tries_set_aside_events_anew(make_site: MakeSite, clock: FrozenClock) -> None:
    """What was set aside within the replayed time is no longer listed, since it comes again."""
    taken: list[int] = []
    bad = True

    def subscriber(event: Event, _session: Session) -> None:
        if bad:
            raise ValueError
        taken.append(event.position)

    site = make_site(moody=subscriber)
    fill(site, clock)
    for _ in range(3):
        clock.move(minutes=5)
        delivery.deliver(site)
    with site.db.read() as session:
        assert [failure.event_id for failure in failures.failures(session)] == [1]
    bad = False
    replay(site, "moody", 1)
    delivery.deliver(site)
    assert taken == list(range(1, 11))
    with site.db.read() as session:
        assert failures.failures(session) == []
