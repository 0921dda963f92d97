"""Counting the failures of plugins' hooks in this process."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from plugdesk.plugins.states import HookFailure

#: So many failures of one hook of one plugin within the window hold that hook.
LIMIT = 5
WINDOW = timedelta(minutes=10)


@dataclass(slots=True)
class _Record:
    times: deque[datetime] = field(default_factory=lambda: deque(maxlen=LIMIT))
    error: str = ""


class FailureLog:
    """The recent failures by plugin and hook. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[tuple[str, str], _Record] = {}

    def add(self, plugin: str, hook: str, error: str, now: datetime) -> bool:
        """Note a failure; True when there were so many of late that the hook is to be held."""
        with self._lock:
            record = self._records.setdefault((plugin, hook), _Record())
            record.times.append(now)
            record.error = error
            # `abs`: a clock that was set back must not keep old failures young for ever.
            recent = sum(abs(now - moment) <= WINDOW for moment in record.times)
            return recent >= LIMIT

    def forget(self, plugin: str, hook: str | None = None) -> None:
        """Begin to count anew for a plugin, or for one of its hooks."""
        with self._lock:
            for key in list(self._records):
                if key[0] == plugin and hook in (None, key[1]):
                    del self._records[key]

    def of(self, plugin: str, now: datetime) -> tuple[HookFailure, ...]:
        """Return what failed of late, by hook."""
        with self._lock:
            found = []
            for (name, hook), record in sorted(self._records.items()):
                count = sum(abs(now - moment) <= WINDOW for moment in record.times)
                if name == plugin and count:
                    found.append(
                        HookFailure(hook=hook, count=count, error=record.error, at=record.times[-1])
                    )
            return tuple(found)
