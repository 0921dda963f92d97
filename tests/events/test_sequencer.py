"""Positions: given after the commit, without gaps, nothing behind a reader's back."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import pytest
from plugdesk.events import delivery, sequencer
from plugdesk.events.models import EventRow
from plugdesk.site import Site
from sites import add_tickets, note_down, record_step, seen
from sqlalchemy import select


def numbered(site: Site) -> list[tuple[int, int]]:
    with site.db.read() as session:
        query = select(EventRow.position, EventRow.id).order_by(EventRow.position)
        return [(position, id_) for position, id_ in session.execute(query) if position]


def test_positions_count_up_from_one(make_site: Callable[..., Site]) -> None:
    """Events get 1, 2, 3 … in the order of their ids, however many calls it takes."""
    site = make_site()
    (ticket,) = add_tickets(site, 1)
    for count in (2, 3):
        with site.db.write() as session:
            for _ in range(count):
                record_step(session, ticket)
        with site.db.write() as session:
            assert sequencer.number(session) == count
            assert sequencer.number(session) == 0
    found = numbered(site)
    assert [position for position, _ in found] == [1, 2, 3, 4, 5]
    assert found == sorted(found, key=lambda pair: pair[1])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_late_commit_comes_later(make_site: Callable[..., Site]) -> None:
    """An event written first but committed last gets the later position, not one in between."""
    site = make_site()
    first, second = add_tickets(site, 2)
    with site.db.write() as slow:
        record_step(slow, first)
        with site.db.write() as quick:
            record_step(quick, second)
        with site.db.write() as session:
            assert sequencer.number(session) == 1
    with site.db.write() as session:
        assert sequencer.number(session) == 1
    assert [id_ for _, id_ in numbered(site)] == [2, 1]


def all_at_once(*tasks: Callable[[], None]) -> None:
    """Run tasks in a thread each; raises what one of them raised."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()


def write(site: Site, tickets: list[int], seed: int, count: int) -> None:
    """Record facts about one or two tickets at a time."""
    chance = random.Random(seed)
    for _ in range(count):
        with site.db.write() as session:
            for ticket in sorted(chance.sample(tickets, chance.choice((1, 2)))):
                record_step(session, ticket)


def test_concurrent_writers(make_site: Callable[..., Site]) -> None:
    """With 8 writers on PostgreSQL and 4 on SQLite, and two that deliver at the same time, no
    event is skipped, doubled or out of order within its ticket.
    """
    site = make_site(one=note_down("one"), two=note_down("two"))
    writers, each = (8 if site.db.dialect == "postgresql" else 4), 25
    tickets = add_tickets(site, 5)
    delivery.deliver(site)
    finished = threading.Event()

    def keep_delivering() -> None:
        while not finished.is_set():
            delivery.deliver(site)

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(keep_delivering) for _ in range(2)]
        try:
            all_at_once(*(partial(write, site, tickets, n, each) for n in range(writers)))
        finally:
            finished.set()
        for reader in readers:
            reader.result()
    delivery.deliver(site)
    assert_exact(site, tickets, at_least=writers * each)


def assert_exact(site: Site, tickets: list[int], at_least: int) -> None:
    total = len(numbered(site))
    assert [position for position, _ in numbered(site)] == list(range(1, total + 1))
    assert total >= at_least
    with site.db.read() as session:
        rows = session.execute(select(seen).order_by(seen.c.n)).all()
    for plugin in ("one", "two"):
        mine = [row for row in rows if row.plugin == plugin]
        assert [row.position for row in mine] == list(range(1, total + 1))
        assert len({row.event_id for row in mine}) == total
        for ticket in tickets:
            steps = [row.step for row in mine if row.ticket_id == ticket]
            assert all(after == before + 1 for before, after in pairwise(steps))
