"""Leases: one holder at a time, until it gives back, falls silent or dies."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from plugdesk.jobs import leases
from plugdesk.site import Site
from sites import START


def acquire(site: Site, owner: str, seconds: float = 0) -> bool:
    """Try to take a lease of ten seconds, so many seconds after the start."""
    now = START + timedelta(seconds=seconds)
    with site.db.write() as session:
        return leases.acquire(session, "thing", owner, 10, now)


def test_one_holder(site: Site) -> None:
    """Somebody else gets a lease only when its holder gave it back or let it expire."""
    assert acquire(site, "ann")
    assert not acquire(site, "bob", 9)
    assert acquire(site, "ann", 9)
    assert not acquire(site, "bob", 18)
    assert acquire(site, "bob", 19)
    assert not acquire(site, "ann", 20)
    with site.db.write() as session:
        leases.release(session, "thing", "ann")
    assert not acquire(site, "ann", 21)
    with site.db.write() as session:
        leases.release(session, "thing", "bob")
    assert acquire(site, "ann", 22)


def test_renewing_tells_what_was_lost(site: Site) -> None:
    """Renewing returns the leases that are still held, and takes none from anybody."""
    assert acquire(site, "ann")
    assert acquire(site, "bob", 11)
    with site.db.write() as session:
        leases.acquire(session, "other", "ann", 10, START)
        kept = leases.renew(session, ["thing", "other", "none"], "ann", 10, START)
    assert kept == {"other"}
    assert not acquire(site, "ann", 12)


def test_of_many_at_once_one_wins(site: Site) -> None:
    """When eight ask for a lease that nobody has at the same moment, exactly one gets it."""
    barrier = Barrier(8)

    def ask(number: int) -> bool:
        barrier.wait()
        return acquire(site, f"worker-{number}")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 1


def test_the_lease_of_a_dead_process_is_free(site: Site) -> None:
    """A process of this machine that was killed holds nothing; one that lives keeps its lease."""
    script = "from plugdesk.jobs import leases; print(leases.new_owner(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        owner = process.stdout.readline().strip()
        assert acquire(site, owner)
        assert not leases.has_ended(owner)
        assert not acquire(site, leases.new_owner())
        process.kill()
        process.wait()
    assert leases.has_ended(owner)
    assert acquire(site, leases.new_owner())


def test_other_machines_are_not_judged() -> None:
    """Whether a process of another machine lives cannot be known here; its lease must expire."""
    mine = leases.new_owner()
    assert len(mine) <= 64
    _machine, rest = mine.split(".", 1)
    assert not leases.has_ended(f"elsewhere.{rest}")
    assert not leases.has_ended("nonsense")
