"""Periodic jobs: on time, in one worker of the site, whatever they raise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from plugdesk.clock import FrozenClock
from plugdesk.contract.jobs import Job
from plugdesk.jobs.models import JobRun
from plugdesk.jobs.worker import Worker
from plugdesk.plugins.context import CURRENT, Context
from plugdesk.site import Site
from polling import wait_until
from sites import START, FunctionPlugin, create_site, enable, open_site

MakeSite = Callable[..., Site]
NAME = "test.often"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture
def two(database_url: str, tmp_path: Path, clock: FrozenClock) -> Iterator[list[Site]]:
    """Two processes of a site, each with the job `test.often` every minute."""
    create_site(tmp_path, database_url)
    sites = [open_site(tmp_path, database_url, clock=clock) for _ in range(2)]
    for site in sites:
        site.jobs.periodic.every(NAME, 60, lambda _site: None)
    yield sites
    for site in sites:
        site.close()


def claims(site: Site, owner: str) -> int:
    """Claim what is due and run it; returns how often `test.often` was among it."""
    jobs = [job for job in site.jobs.periodic.claim(owner) if job.name == NAME]
    for job in jobs:
        site.jobs.periodic.run(job, owner)
    return len(jobs)


def test_each_run_has_one_worker(two: list[Site], clock: FrozenClock) -> None:
    """However many processes look however often, a job runs once in each interval."""
    for _ in range(5):
        runs = sum(claims(site, f"owner-{n}") for _ in range(3) for n, site in enumerate(two))
        assert runs == 1
        clock.move(seconds=61)


def test_a_long_run_is_not_doubled(two: list[Site], clock: FrozenClock) -> None:
    """While a job runs longer than its interval nobody starts it again, as long as its worker
    lives; when that worker fell silent, another does.
    """
    first, second = two
    (job,) = [job for job in first.jobs.periodic.claim("ann") if job.name == NAME]
    for _ in range(4):
        clock.move(seconds=40)
        first.jobs.periodic.renew("ann")
        assert claims(first, "ann") + claims(second, "bob") == 0
    clock.move(seconds=70)
    assert claims(second, "bob") == 1
    first.jobs.periodic.run(job, "ann")


def test_a_clock_that_was_set_back(two: list[Site], clock: FrozenClock) -> None:
    """After the clock was set back a job does not wait for the time that it knew before."""
    clock.move(days=30)
    assert claims(two[0], "ann") == 1
    clock.move(days=-30)
    assert claims(two[0], "ann") == 1
    assert claims(two[1], "bob") == 0


def test_errors_are_recorded(two: list[Site], clock: FrozenClock) -> None:
    """What a periodic job raises is kept for the owner, and the next run comes all the same."""
    site = two[0]
    error: list[BaseException] = [SystemExit("no")]

    def moody(_site: Site) -> None:
        if error:
            raise error[0]

    site.jobs.periodic.every(NAME, 60, moody)
    assert claims(site, "ann") == 1
    with site.db.read() as session:
        assert "SystemExit: no" in session.get_one(JobRun, NAME).error
    error.clear()
    clock.move(seconds=60)
    assert claims(site, "ann") == 1
    with site.db.read() as session:
        run = session.get_one(JobRun, NAME)
    assert run.error == ""
    assert run.next_at == clock.now() + timedelta(seconds=60)


def test_jobs_of_plugins(make_site: MakeSite) -> None:
    """A plugin's job runs in a worker while the plugin is on, on behalf of the plugin."""
    ran = threading.Event()
    contexts: list[Context] = []

    def run() -> None:
        contexts.append(CURRENT.get())
        ran.set()

    job = Job(name="tidy", every=timedelta(seconds=0.01), run=run)
    site = make_site(FunctionPlugin("helper", jobs=lambda: [job]))
    assert "helper.tidy" not in {job.name for job in site.jobs.periodic.claim("ann")}
    enable(site, helper=True)
    worker = Worker(site, 1)
    worker.start()
    assert ran.wait(10)
    assert worker.stop(10)
    assert (contexts[0].plugin, contexts[0].session) == ("helper", None)
    with site.db.read() as session:
        assert session.get_one(JobRun, "helper.tidy").error == ""


def test_a_stop_gives_jobs_back(make_site: MakeSite) -> None:
    """A job that was claimed but not begun when its worker stopped is due again at once."""
    site = make_site()
    busy, go_on = threading.Event(), threading.Event()

    def block(_site: Site) -> None:
        busy.set()
        go_on.wait(10)

    site.jobs.register("test.block", block)
    worker = Worker(site, 1)
    worker.start()
    site.jobs.wake("test.block")
    assert busy.wait(10)
    site.jobs.periodic.every(NAME, 86400, lambda _site: None)

    def claimed() -> bool:
        with site.db.read() as session:
            run = session.get(JobRun, NAME)
            return run is not None and run.next_at > site.clock.now()

    wait_until(claimed)
    worker.stop(0.1)
    go_on.set()
    assert not claimed()
    other = make_site()
    other.jobs.periodic.every(NAME, 86400, lambda _site: None)
    assert claims(other, "bob") == 1
    assert worker.stop(10)
