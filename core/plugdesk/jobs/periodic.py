"""Periodic jobs: each runs in one worker of the site at a time, however many there are.

The row in `job_run` says when a job is due next, and whoever moves that moment forward runs it.
A lease, renewed while it runs, keeps a job that takes longer than its interval from starting
a second time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from plugdesk.contract.jobs import Job
from plugdesk.jobs import leases
from plugdesk.jobs.records import ensure_run
from plugdesk.traces import describe

if TYPE_CHECKING:
    from plugdesk.site import Site

logger = logging.getLogger(__name__)
LEASE_SECONDS = 60.0


@dataclass(frozen=True)
class PeriodicJob:
    """Something to do again and again."""

    name: str
    every: timedelta
    run: Callable[[Site], object]

    @property
    def lease(self) -> str:
        """The name of the lease that is held while the job runs."""
        return f"job:{self.name}"


class Periodic:
    """The periodic jobs of the site: the core's, and those of plugins that are on."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._core: dict[str, PeriodicJob] = {}
        self._next_look: dict[str, datetime] = {}
        self._running: set[str] = set()

    def every(self, name: str, seconds: float, function: Callable[[Site], object]) -> None:
        """Have `function(site)` run every so many seconds, the first time soon."""
        self._core[name] = PeriodicJob(name, timedelta(seconds=seconds), function)

    def claim(self, owner: str) -> list[PeriodicJob]:
        """Return the jobs that are due and now ours to run; pass each to `run`.

        Asks the database only about jobs that may be due by what it knows.
        """
        now = self._site.clock.now()
        jobs = [job for job in self._jobs() if self._may_be_due(job, now)]
        return [job for job in jobs if self._claim(job, owner, now)]

    def run(self, job: PeriodicJob, owner: str) -> None:
        """Run a claimed job. Never raises; what it raises is recorded and the next run comes."""
        error = ""
        try:
            job.run(self._site)
        except BaseException as problem:  # a plugin's SystemExit must not end a worker
            error = describe(problem)
            logger.exception("The periodic job %s failed.", job.name)
        self._running.discard(job.lease)
        try:
            self._finish(job, owner, error)
        except Exception:
            logger.exception("The end of the periodic job %s could not be recorded.", job.name)

    def renew(self, owner: str) -> None:
        """Renew the leases of the jobs that run in this process."""
        if self._running:
            now = self._site.clock.now()
            with self._site.db.write() as session:
                leases.renew(session, list(self._running), owner, LEASE_SECONDS, now)

    def give_back(self, session: Session, names: Iterable[str]) -> None:
        """Let claimed jobs that did not begin become due again."""
        for name in names:
            ensure_run(self._site, session, name).next_at = self._site.clock.now()

    def _jobs(self) -> Iterator[PeriodicJob]:
        yield from self._core.values()
        for plugin, job in self._site.plugins.jobs():
            if self._site.plugins.is_enabled(plugin):
                yield PeriodicJob(f"{plugin}.{job.name}", job.every, _in_plugin(plugin, job))

    def _may_be_due(self, job: PeriodicJob, now: datetime) -> bool:
        look = self._next_look.get(job.name)
        # A moment beyond the interval comes from a clock that was set back.
        return look is None or look <= now or look > now + job.every

    def _claim(self, job: PeriodicJob, owner: str, now: datetime) -> bool:
        with self._site.db.write() as session:
            run = ensure_run(self._site, session, job.name)
            if now < run.next_at <= now + job.every:
                self._next_look[job.name] = run.next_at
                return False
            if job.lease in self._running or not leases.acquire(
                session, job.lease, owner, LEASE_SECONDS, now
            ):
                self._next_look[job.name] = now + min(job.every, timedelta(seconds=5))
                return False
            run.started_at = now
            run.next_at = self._next_look[job.name] = now + job.every
        self._running.add(job.lease)
        return True

    def _finish(self, job: PeriodicJob, owner: str, error: str) -> None:
        with self._site.db.write() as session:
            run = ensure_run(self._site, session, job.name)
            run.finished_at = self._site.clock.now()
            run.error = error
            leases.release(session, job.lease, owner)


def _in_plugin(plugin: str, job: Job) -> Callable[[Site], None]:
    def run(site: Site) -> None:
        from plugdesk.plugins.desk import use  # knows every slice, this one too

        # Without a session: a job may take its time, and on SQLite everybody would wait for it.
        with use(site, None, plugin):
            job.run()

    return run
