"""What does a site's work outside page requests, in `plugdesk serve` and in `plugdesk worker`."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from plugdesk.jobs import leases
from plugdesk.jobs.chores import Chore
from plugdesk.jobs.consumer import DeskConsumer
from plugdesk.jobs.handlers import EVENTS_DELIVER, SWEEP
from plugdesk.jobs.local import LocalJobs
from plugdesk.jobs.periodic import LEASE_SECONDS, PeriodicJob
from plugdesk.jobs.storage import PostgresQueue
from plugdesk.jobs.watch import Watchers

if TYPE_CHECKING:
    from plugdesk.site import Site

logger = logging.getLogger(__name__)
_PERIODIC = "periodic:"


class Worker:
    """Threads that run jobs, a thread for chores, and a thread for each watched account.

    It survives whatever a job raises, an outage of the database, and the loss of the queue.
    """

    def __init__(self, site: Site, threads: int) -> None:
        self._site = site
        self._owner = leases.new_owner()
        self._local = LocalJobs(threads)
        self._watchers = Watchers(site, self._owner)
        self._consumer = DeskConsumer(site.jobs.huey, self._local, self._chores(), threads)
        self._listener = threading.Thread(target=self._listen, name="Listener", daemon=True)

    def start(self) -> None:
        """Start the threads. What was left undone by a crash is found at once."""
        self._site.jobs.attach(self._local)
        self._consumer.start()
        if isinstance(self._site.jobs.storage, PostgresQueue):
            self._listener.start()
        self._site.jobs.wake(SWEEP)

    def stop(self, timeout: float) -> bool:
        """Begin nothing more and wait up to `timeout` seconds for what runs.

        True when everything has ended. What is still running then goes on until the process
        ends, and is found again later.
        """
        deadline = time.monotonic() + timeout
        self._consumer.stop_flag.set()
        self._watchers.stop()
        left = self._site.jobs.detach(self._local)
        ended = [self._consumer.join(deadline), self._watchers.join(deadline)]
        if self._listener.is_alive():
            self._listener.join(max(deadline - time.monotonic(), 0))
        self._give_back([name.removeprefix(_PERIODIC) for name in left if _PERIODIC in name])
        return all(ended)

    def _chores(self) -> list[Chore]:
        return [
            Chore("look for plugins switched on or off", 1, self._refresh_plugins),
            Chore("read the queue", 0.5, self._look_into_queue),
            Chore("start periodic jobs", 1, self._start_periodic),
            Chore("renew its leases", LEASE_SECONDS / 6, self._renew),
            Chore("look after the accounts", 1, self._watchers.look),
        ]

    def _refresh_plugins(self) -> None:
        with self._site.db.read() as session:
            changed = self._site.plugins.refresh(session)
        if changed:
            self._watchers.look()
            self._site.jobs.wake(EVENTS_DELIVER)

    def _look_into_queue(self) -> None:
        queue = self._site.jobs
        for task in queue.huey.read_schedule():
            queue.huey.enqueue(task)
        if queue.storage.has_work():
            self._local.ring()

    def _start_periodic(self) -> None:
        for job in self._site.jobs.periodic.claim(self._owner):
            if not self._local.put(_PERIODIC + job.name, self._periodic_task(job)):
                self._give_back([job.name])

    def _periodic_task(self, job: PeriodicJob) -> _PeriodicTask:
        return _PeriodicTask(self._site, job, self._owner)

    def _renew(self) -> None:
        self._site.jobs.periodic.renew(self._owner)
        self._watchers.renew()

    def _listen(self) -> None:
        storage = self._site.jobs.storage
        stop = self._consumer.stop_flag
        chore = Chore("listen to the queue", 0, lambda: storage.listen(stop, self._local.ring))  # type: ignore[attr-defined]
        while not stop.is_set():
            chore.run_if_due()
            stop.wait(1)

    def _give_back(self, names: list[str]) -> None:
        try:
            with self._site.db.write() as session:
                self._site.jobs.periodic.give_back(session, names)
                leases.release_all(session, self._owner)
        except Exception:
            logger.exception("The worker's leases could not be given back; they will expire.")


class _PeriodicTask:
    """One run of a periodic job."""

    def __init__(self, site: Site, job: PeriodicJob, owner: str) -> None:
        self._site = site
        self._job = job
        self._owner = owner

    def __call__(self) -> None:
        self._site.jobs.periodic.run(self._job, self._owner)
