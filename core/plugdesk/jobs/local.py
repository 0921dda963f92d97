"""Jobs that the threads of this process are about to run, and the bell that wakes a thread."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition

Task = Callable[[], None]


class LocalJobs:
    """Named tasks, each at most once in line and at most once running.

    A task that is put while it runs, runs once more afterwards: so it sees what changed since
    it began, however often it was put.
    """

    def __init__(self, threads: int) -> None:
        self._condition = Condition()
        self._line: dict[str, Task] = {}
        self._running: set[str] = set()
        self._threads = threads
        self._rings = 0
        self._closed = False

    def put(self, name: str, task: Task) -> bool:
        """Put a task in line; False when no more are taken."""
        with self._condition:
            if self._closed:
                return False
            self._line.setdefault(name, task)
            self._condition.notify()
            return True

    def take(self) -> tuple[str, Task] | None:
        """Take the first task in line that is not running. Say `done` when it has ended."""
        with self._condition:
            for name in self._line:
                if name not in self._running:
                    self._running.add(name)
                    return name, self._line.pop(name)
            return None

    def done(self, name: str) -> None:
        """Let the named task run again."""
        with self._condition:
            self._running.discard(name)
            if name in self._line:
                self._condition.notify()

    def is_near(self, name: str) -> bool:
        """Tell whether the named task is in line, or a thread could begin it at once."""
        with self._condition:
            if name in self._line:
                return True
            busy = len(self._running) + len(self._line)
            return name not in self._running and busy < self._threads

    def ring(self) -> None:
        """Wake one thread, since something may wait in the queue."""
        with self._condition:
            self._rings += 1
            self._condition.notify()

    @property
    def rings(self) -> int:
        """How often the bell rang; pass to `wait` what was read before looking for work."""
        return self._rings

    def wait(self, rings: int, timeout: float | None = None) -> None:
        """Block until the bell rings, a task can be taken, or `timeout` seconds are over."""
        with self._condition:
            self._condition.wait_for(lambda: self._has_reason(rings), timeout)

    def _has_reason(self, rings: int) -> bool:
        return self._closed or self._rings != rings or bool(self._line.keys() - self._running)

    def close(self) -> list[str]:
        """Take no more tasks and let all threads go; returns the names still in line."""
        with self._condition:
            self._closed = True
            left = list(self._line)
            self._line.clear()
            self._condition.notify_all()
            return left
