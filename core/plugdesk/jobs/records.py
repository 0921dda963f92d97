"""What became of jobs: the last error of each, for the owner to see."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.jobs.models import JobRun

if TYPE_CHECKING:
    from plugdesk.site import Site

logger = logging.getLogger(__name__)


class Records:
    """Keeps errors in `job_run`. A job that always went well costs the database nothing."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._failing: set[str] = set()

    def load(self) -> None:
        """Learn which jobs failed last, so that their next success clears the error."""
        with self._site.db.read() as session:
            self._failing.update(session.scalars(select(JobRun.name).where(JobRun.error != "")))

    def failed(self, name: str, error: str) -> None:
        """Record a failure. Never raises: the database may be what failed."""
        self._failing.add(name)
        self._write(name, error)

    def succeeded(self, name: str) -> None:
        """Clear the error of a job that failed before. Never raises."""
        if name in self._failing:
            self._failing.discard(name)
            self._write(name, "")

    def _write(self, name: str, error: str) -> None:
        try:
            with self._site.db.write() as session:
                run = ensure_run(self._site, session, name)
                run.error = error
                run.finished_at = self._site.clock.now()
        except Exception:
            logger.exception("What became of the job %s could not be recorded.", name)


def ensure_run(site: Site, session: Session, name: str) -> JobRun:
    """Return the record of a job, locked until the transaction ends; make it when missing."""
    query = select(JobRun).where(JobRun.name == name).with_for_update()
    run = session.scalar(query)
    if run is None:
        with suppress(IntegrityError), session.begin_nested():
            session.add(JobRun(name=name, next_at=site.clock.now()))
        run = session.scalars(query).one()
    return run
