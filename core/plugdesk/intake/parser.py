"""The pool of processes in which raw items are understood, under limits of time and memory."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitTimeout
from typing import Any

from pebble import ProcessExpired, ProcessPool

from plugdesk.contract.channels import Channel
from plugdesk.errors import ParseLimit
from plugdesk.i18n import lazy_gettext, stored
from plugdesk.intake import worker
from plugdesk.intake.worker import Parsed

WORKERS = 2
#: A worker is replaced after so many batches, which bounds what a leak can cost.
BATCHES_PER_WORKER = 500
#: Items that are not done after this share of the time limit no longer hold up the others.
PATIENCE = 0.25
#: Large items go alone, and are given more time: a busy machine decodes some 3 MB in a second.
LARGE_BYTES = 1_000_000
BYTES_PER_SECOND = 3_000_000


class Parser:
    """Understands raw items in processes that are killed when they take too long.

    Starts its processes with the first item; they come from a fork server, which carries none
    of this process's threads, locks or connections.
    """

    def __init__(self, *, seconds: float, megabytes: int) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        self._pool: ProcessPool | None = None
        self._lock = threading.Lock()

    def parse_many(
        self, channel: type[Channel[Any]], raws: Sequence[bytes]
    ) -> Iterator[tuple[int, Parsed]]:
        """Yield the index and the outcome of each item; slow and large ones come last.

        Small ones go to one process together. Only when that takes too long, or ends the
        process, are they tried one by one, so that a bomb is found without holding up its
        neighbours.
        """
        reference = f"{channel.__module__}:{channel.__qualname__}"
        items = list(enumerate(raws))
        small = [item for item in items if len(item[1]) < LARGE_BYTES]
        large = [item for item in items if len(item[1]) >= LARGE_BYTES]
        yield from self._together(reference, small)
        yield from self._one_by_one(reference, large)

    def _together(
        self, reference: str, items: Sequence[tuple[int, bytes]]
    ) -> Iterator[tuple[int, Parsed]]:
        if not items:
            return
        raws = [raw for _index, raw in items]
        try:
            answer = self._schedule(reference, raws, self._seconds * PATIENCE).result()
        except (WaitTimeout, ProcessExpired, MemoryError):
            yield from self._one_by_one(reference, items)
            return
        for (index, _raw), data in zip(items, answer, strict=True):
            yield index, worker.load(data)

    def sanitize(self, html: str) -> str:
        """Sanitise HTML that did not come from a channel. Raises ParseLimit."""
        try:
            future = self._started().schedule(
                worker.sanitize_text, args=[html], timeout=self._seconds
            )
            return bytes(future.result()).decode()
        except (WaitTimeout, ProcessExpired, MemoryError):
            msg = lazy_gettext("The HTML takes too long to be made harmless.")
            raise ParseLimit(msg) from None

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def _one_by_one(
        self, reference: str, items: Sequence[tuple[int, bytes]]
    ) -> Iterator[tuple[int, Parsed]]:
        waiting = [
            (index, self._schedule(reference, [raw], self._seconds + len(raw) / BYTES_PER_SECOND))
            for index, raw in items
        ]
        slow: list[tuple[int, Future[list[bytes]]]] = []
        for index, future in waiting:
            try:
                yield index, worker.load(future.result(self._seconds * PATIENCE)[0])
            except WaitTimeout:
                slow.append((index, future))
            except (ProcessExpired, MemoryError) as error:
                yield index, self._expired(error)
        for index, future in slow:
            yield index, self._outcome(future)

    def _outcome(self, future: Future[list[bytes]]) -> Parsed:
        try:
            return worker.load(future.result()[0])
        except WaitTimeout:
            reason = lazy_gettext("Understanding the message takes longer than it may.")
            return Parsed(reason=stored(reason))
        except (ProcessExpired, MemoryError) as error:
            return self._expired(error)

    def _expired(self, error: BaseException) -> Parsed:
        reason = lazy_gettext(
            "The process that tried to understand the message ended abruptly; it may need more"
            " than %(megabytes)s MB of memory.",
            megabytes=self._megabytes,
        )
        return Parsed(reason=stored(reason), detail=repr(error))

    def _schedule(self, reference: str, raws: list[bytes], timeout: float) -> Future[list[bytes]]:
        # What the fork server has imported, its children need not.
        module = reference.partition(":")[0]
        return self._started(module).schedule(
            worker.parse_batch, args=[reference, raws], timeout=timeout
        )

    def _started(self, module: str = worker.__name__) -> ProcessPool:
        with self._lock:
            if self._pool is None:
                context = multiprocessing.get_context("forkserver")
                context.set_forkserver_preload([worker.__name__, module])
                self._pool = ProcessPool(
                    max_workers=WORKERS,
                    max_tasks=BATCHES_PER_WORKER,
                    context=context,
                    initializer=worker.limit_memory,
                    initargs=[self._megabytes],
                )
            return self._pool
