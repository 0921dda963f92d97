"""The queue: jobs run once, wakes coalesce, and a lost queue loses nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from plugdesk.config import SiteConfig
from plugdesk.errors import ConfigError
from plugdesk.jobs.models import JobRun
from plugdesk.jobs.storage import open_storage
from plugdesk.jobs.worker import Worker
from plugdesk.site import Site
from polling import Counting, wait_until

MakeSite = Callable[..., Site]


@pytest.fixture
def job(site: Site) -> Counting:
    """The job `test.count` of `site`."""
    job = Counting()
    site.jobs.register("test.count", job)
    return job


def test_payloads_arrive(site: Site, job: Counting) -> None:
    """A job receives the payload that it was given, once for each call."""
    worker = Worker(site, 2)
    worker.start()
    for number in range(3):
        site.jobs.enqueue("test.count", number=number, raw=b"\0")
    wait_until(lambda: job.runs == 3)
    assert worker.stop(10)
    found = sorted(job.payloads, key=lambda payload: str(payload["number"]))
    assert found == [{"number": number, "raw": b"\0"} for number in range(3)]


def test_jobs_wait_for_a_worker(make_site: MakeSite) -> None:
    """What one process adds or wakes, the worker of another runs, also if it starts later."""
    web, other = make_site(), make_site()
    job = Counting()
    other.jobs.register("test.count", job)
    web.jobs.wake("test.count")
    web.jobs.wake("test.count")
    web.jobs.enqueue("test.count", number=1)
    worker = Worker(other, 2)
    worker.start()
    wait_until(lambda: job.runs == 2)
    web.jobs.wake("test.count")
    began = time.monotonic()
    wait_until(lambda: job.runs == 3)
    assert time.monotonic() - began < 2
    assert worker.stop(10)
    assert job.runs == 3


def test_wakes_coalesce(site: Site, job: Counting) -> None:
    """Many wakes while a job runs make it run once more, not once for each."""
    worker = Worker(site, 3)
    worker.start()
    job.go_on.clear()
    site.jobs.wake("test.count")
    assert job.begun.wait(10)
    for _ in range(50):
        site.jobs.wake("test.count")
    job.go_on.set()
    wait_until(lambda: job.runs >= 2 and not site.jobs.storage.has_work())
    assert worker.stop(10)
    # In a queue that several processes share, one more wake may have been under way.
    assert job.runs <= (3 if site.config.queue else 2)


def test_a_wake_is_quick(site: Site, job: Counting) -> None:
    """In the process of the worker a wake needs no polling: it starts within milliseconds."""
    worker = Worker(site, 2)
    worker.start()
    times = []
    for _ in range(20):
        job.begun.clear()
        began = time.monotonic()
        site.jobs.wake("test.count")
        assert job.begun.wait(10)
        times.append(time.monotonic() - began)
    assert worker.stop(10)
    assert sorted(times)[10] < 0.05


def test_delayed_jobs(site: Site, job: Counting) -> None:
    """A job with a delay runs after that time and not before."""
    worker = Worker(site, 1)
    worker.start()
    site.jobs.enqueue("test.count", delay=3600, number=1)
    began = time.monotonic()
    site.jobs.enqueue("test.count", delay=0.3, number=2)
    wait_until(lambda: job.runs)
    assert time.monotonic() - began >= 0.3
    assert worker.stop(10)
    assert job.payloads == [{"number": 2}]


@pytest.mark.parametrize("error", [ValueError("bad\0"), SystemExit(3), KeyboardInterrupt()])
def test_a_failing_job_is_recorded(
    site: Site, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a job raises, the worker lives; the error is logged by name and recorded until
    the job goes well.
    """
    outcomes: list[BaseException | None] = [error, None]
    done: list[int] = []

    def moody(_site: Site) -> None:
        outcome = outcomes[len(done)]
        done.append(1)
        if outcome:
            raise outcome

    def recorded() -> str | None:
        with site.db.read() as session:
            run = session.get(JobRun, "test.moody")
            return run.error if run else None

    site.jobs.register("test.moody", moody)
    worker = Worker(site, 1)
    worker.start()
    with caplog.at_level(logging.ERROR):
        site.jobs.wake("test.moody")
        wait_until(lambda: type(error).__name__ in (recorded() or ""))
    assert "The job test.moody failed" in caplog.text
    site.jobs.wake("test.moody")
    wait_until(lambda: recorded() == "")
    assert worker.stop(10)


def test_unknown_jobs_are_dropped(
    site: Site, job: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    """A job that nobody here knows is said and dropped; the next one runs."""
    site.jobs.enqueue("test.nobody", a=1)
    site.jobs.enqueue("test.count")
    worker = Worker(site, 1)
    worker.start()
    wait_until(lambda: job.runs)
    assert worker.stop(10)
    assert "does the job 'test.nobody'" in caplog.text


def test_unplain_payloads_are_refused(site: Site) -> None:
    """A payload that is no plain data is the caller's mistake and raises at once."""
    with pytest.raises(TypeError, match="A job cannot carry a Site"):
        site.jobs.enqueue("test.count", site=site)


def test_stopping_waits_for_what_runs(site: Site, job: Counting) -> None:
    """A graceful stop finishes the running job, begins none, and says when time was too short."""
    worker = Worker(site, 1)
    worker.start()
    job.go_on.clear()
    site.jobs.wake("test.count")
    assert job.begun.wait(10)
    site.jobs.wake("test.count")
    assert worker.stop(0.05) is False
    job.go_on.set()
    assert worker.stop(10) is True
    assert job.runs == 1
    again = Worker(site, 1)
    again.start()
    wait_until(lambda: job.runs == 2)
    assert again.stop(10)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("harm", ["deleted", "damaged", "replaced"])
def test_a_lost_queue_file(site: Site, job: Counting, tmp_path: Path, harm: str) -> None:
    """When the queue's file is deleted, damaged or replaced under a running site, jobs go on."""
    path = tmp_path / "queue.db"
    site.jobs.enqueue("test.count", number=1)
    assert path.exists()
    if harm == "damaged":
        site.jobs.close()
        path.write_bytes(b"not a database" * 1000)
    elif harm == "replaced":
        (tmp_path / "new").write_bytes(b"")
        (tmp_path / "new").replace(path)
    else:
        path.unlink()
    worker = Worker(site, 1)
    worker.start()
    site.jobs.enqueue("test.count", number=2)
    wait_until(lambda: {"number": 2} in job.payloads)
    assert worker.stop(10)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_queue_that_cannot_be_written(
    site: Site, job: Counting, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While the queue's disk is full or its file locked, wakes still reach the own worker, and
    nobody who wakes gets an error.
    """
    (tmp_path / "queue.db").mkdir()
    site.jobs.enqueue("test.count", number=1)
    assert "a sweep will find it" in caplog.text
    site.jobs.wake("test.count")
    worker = Worker(site, 1)
    worker.start()
    site.jobs.wake("test.count")
    wait_until(lambda: job.runs)
    (tmp_path / "queue.db").rmdir()
    site.jobs.enqueue("test.count", number=2)
    wait_until(lambda: {"number": 2} in job.payloads)
    assert worker.stop(10)


def test_which_queue(tmp_path: Path) -> None:
    """A queue that cannot be is refused with what to do."""
    for queue, sentence in (
        ("database", "needs PostgreSQL"),
        ("memory", "names no queue"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            open_storage(SiteConfig(folder=tmp_path, queue=queue))
