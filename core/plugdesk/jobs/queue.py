"""The queue: jobs by name, run by whichever worker is free.

The queue wakes and runs; the database is the truth. A job carries ids, never the only copy of
anything, so a lost queue costs time and nothing else: `jobs.sweeps` finds all work again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from huey import Huey
from huey.registry import Message
from huey.serializer import Serializer

from plugdesk.jobs import codec
from plugdesk.jobs.handlers import SWEEP, SWEEP_SECONDS, register_core
from plugdesk.jobs.local import LocalJobs
from plugdesk.jobs.periodic import Periodic
from plugdesk.jobs.records import Records
from plugdesk.jobs.storage import QueueStorage, open_storage
from plugdesk.traces import describe

if TYPE_CHECKING:
    from plugdesk.site import Site

Handler = Callable[..., object]
logger = logging.getLogger(__name__)


class JsonSerializer(Serializer):  # type: ignore[misc] # huey has no types
    """Writes huey's messages as tagged JSON."""

    def _serialize(self, data: Message) -> bytes:
        fields = {name: value for name, value in data._asdict().items() if value is not None}
        return codec.dumps(fields)

    def _deserialize(self, data: bytes) -> Message:
        return Message(**codec.loads(data))


class DeskHuey(Huey):  # type: ignore[misc] # huey has no types
    """huey on the site's clock, without what the desk does not use."""

    def __init__(self, site: Site) -> None:
        self._site = site
        super().__init__("plugdesk", results=False, serializer=JsonSerializer())

    def get_storage(self, **_options: object) -> QueueStorage:
        """Open the storage that the site's configuration names."""
        return open_storage(self._site.config)

    def _get_timestamp(self) -> datetime:
        # Aware: huey's own naive timestamps jump with the daylight saving of the machine.
        return self._site.clock.now()

    def is_revoked(self, *_arguments: object) -> bool:
        """Say no: nobody revokes jobs, and asking costs two reads for each."""
        return False

    def delete(self, _key: str) -> bool:
        """Delete nothing: there are no results and no revocations."""
        return False


class JobQueue:
    """The site's jobs. Starts no thread; `jobs.worker.Worker` runs what waits here."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._handlers: dict[str, Handler] = {}
        self._local: LocalJobs | None = None
        self.huey = DeskHuey(site)
        self._task = self.huey.task(name="job")(self._run_queued).task_class
        self.periodic = Periodic(site)
        self.records = Records(site)
        register_core(self)
        self.periodic.every(SWEEP, SWEEP_SECONDS, self._handlers[SWEEP])

    @property
    def storage(self) -> QueueStorage:
        """Where jobs wait."""
        storage: QueueStorage = self.huey.storage
        return storage

    def register(self, name: str, function: Handler) -> None:
        """Let `function(site, **payload)` do the jobs called `name`; a later one replaces it."""
        self._handlers[name] = function

    def enqueue(self, name: str, *, delay: float = 0.0, **payload: object) -> None:
        """Add a job, to be run after `delay` seconds of the site's clock.

        Workers may see it before a transaction that is still open commits. Raises TypeError for
        a payload that is no plain data. A queue that cannot be written is logged, not raised:
        what happened is in the database, and a sweep finds it.
        """
        eta = self._site.clock.now() + timedelta(seconds=delay) if delay > 0 else None
        task = self._task(kwargs={"name": name, "payload": payload}, eta=eta)
        data = self.huey.serialize_task(task)
        if eta is not None:
            self._try(name, lambda: self.storage.add_to_schedule(data, eta))
        elif self._try(name, lambda: self.storage.enqueue(data)) and self._local:
            self._local.ring()

    def wake(self, name: str) -> None:
        """Have the job without a payload run soon: once, however often it is woken until then."""
        if self._offer(name) or self._store(name):
            return
        if self._local:
            self._local.put(name, lambda: self._run_local(name))

    def wake_many(self, names: Iterable[str]) -> None:
        """Wake several jobs."""
        for name in names:
            self.wake(name)

    def perform(self, name: str, **payload: object) -> bool:
        """Do a job here and now. Never raises; tells whether it went well.

        A failure is logged with its traceback and recorded for the owner.
        """
        handler = self._handlers.get(name)
        if handler is None:
            logger.error("No part of this site does the job %r; it is dropped.", name)
            return False
        return self.guard(_label(name, payload), lambda: handler(self._site, **payload))

    def guard(self, name: str, function: Callable[[], object]) -> bool:
        """Call `function` as the job `name`: log and record what it raises, whatever it is."""
        try:
            function()
        except BaseException as error:  # a plugin's SystemExit must not end a worker
            logger.exception("The job %s failed.", name)
            self.records.failed(name, describe(error))
            return False
        self.records.succeeded(name)
        return True

    def attach(self, local: LocalJobs) -> None:
        """Let wakes of this process go to its own worker without a detour."""
        self._local = local

    def detach(self, local: LocalJobs) -> list[str]:
        """Close `local` and forget it. Wakes in its line go to the queue; the others are
        returned by name.
        """
        if self._local is local:
            self._local = None
        left = local.close()
        for name in left:
            if name in self._handlers:
                self._store(name)
        return [name for name in left if name not in self._handlers]

    def close(self) -> None:
        """Close the queue's connections."""
        self.storage.close()

    def _offer(self, name: str) -> bool:
        # On a queue that several hosts share, a job that this process cannot begin at once is
        # better off where others see it.
        local = self._local
        if local is None or (self._site.config.queue and not local.is_near(name)):
            return False
        return local.put(name, lambda: self._run_local(name))

    def _run_local(self, name: str) -> None:
        self.perform(name)

    def _store(self, name: str) -> bool:
        # The same id each time, so that a wake that waits already is recognised by its bytes.
        task = self._task(kwargs={"name": name}, id=name)
        data = self.huey.serialize_task(task)
        return self._try(name, lambda: self.storage.enqueue_once(data))

    def _run_queued(self, name: str, payload: dict[str, Any] | None = None) -> None:
        if payload is not None:
            self.perform(name, **payload)
        elif self._local is None or not self._local.put(name, lambda: self._run_local(name)):
            self.perform(name)

    def _try(self, name: str, write: Callable[[], None]) -> bool:
        for attempt in (1, 2):  # a restarted server costs the first attempt
            try:
                write()
            except Exception:
                if attempt == 1:
                    continue
                logger.exception("The queue did not take the job %s; a sweep will find it.", name)
                return False
            return True
        return False


def _label(name: str, payload: dict[str, object]) -> str:
    """Tell jobs apart that do the same for different objects: `intake.fetch:3`."""
    return ":".join([name, *(str(value) for value in payload.values() if type(value) is int)])
