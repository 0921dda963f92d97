"""huey's consumer, embedded: no signal handlers, no polling threads, nothing that ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence

from huey.consumer import Consumer, Scheduler, Worker

from plugdesk.jobs.chores import Chore
from plugdesk.jobs.local import LocalJobs
from plugdesk.jobs.queue import DeskHuey

#: How often the scheduler looks whether a chore is due.
_TICK_SECONDS = 0.5
#: Between attempts to read a queue that cannot be read.
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0


class DeskConsumer(Consumer):  # type: ignore[misc] # huey has no types
    """Threads that run jobs, and one for chores."""

    def __init__(
        self, huey: DeskHuey, local: LocalJobs, chores: Sequence[Chore], threads: int
    ) -> None:
        self._local = local
        self._chores = chores
        super().__init__(huey, workers=threads, periodic=False, check_worker_health=False)

    def _create_worker(self) -> DeskWorker:
        return DeskWorker(self.huey, self.stop_flag, self._local)

    def _create_scheduler(self) -> DeskScheduler:
        return DeskScheduler(self.huey, self.stop_flag, self._chores)

    def _set_signal_handlers(self) -> None:
        # Signals belong to the process that we are a guest in.
        return

    def threads(self) -> Iterable[threading.Thread]:
        """All threads of this consumer."""
        return [self.scheduler, *(thread for _, thread in self.worker_threads)]

    def join(self, deadline: float) -> bool:
        """Wait for the threads until `deadline` on the monotonic clock; True when all ended."""
        for thread in self.threads():
            thread.join(max(deadline - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self.threads())


class DeskWorker(Worker):  # type: ignore[misc] # huey has no types
    """Runs what is in line in this process, then what waits in the queue; sleeps in between."""

    def __init__(self, huey: DeskHuey, stop_flag: threading.Event, local: LocalJobs) -> None:
        super().__init__(huey, stop_flag, default_delay=0, max_delay=0, backoff=1)
        self._local = local
        self._pause = _FIRST_PAUSE

    def loop(self, now: object = None) -> None:
        """Do one thing, or wait for the bell."""
        job = self._local.take()
        if job is not None:
            name, task = job
            try:
                task()
            finally:
                self._local.done(name)
            return
        self._look_into_queue()

    def _look_into_queue(self) -> None:
        rings = self._local.rings
        try:
            task = self.huey.dequeue()
        except Exception:
            self._logger.exception("The queue cannot be read; trying again in %.1f s.", self._pause)
            self._local.wait(rings, self._pause)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            return
        self._pause = _FIRST_PAUSE
        if task is None:
            self._local.wait(rings)
            return
        self._local.ring()  # where one waited, others may: have another thread look
        self.huey.execute(task)


class DeskScheduler(Scheduler):  # type: ignore[misc] # huey has no types
    """Does the chores."""

    def __init__(self, huey: DeskHuey, stop_flag: threading.Event, chores: Sequence[Chore]) -> None:
        super().__init__(huey, stop_flag, interval=1, periodic=False)
        self._chores = chores

    def loop(self, now: object = None) -> None:
        """Do what is due, then pause."""
        for chore in self._chores:
            if self.stop_flag.is_set():
                return
            chore.run_if_due()
        self.stop_flag.wait(_TICK_SECONDS)
