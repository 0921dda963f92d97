"""Small things that a worker does every so often, each patient with its own trouble."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)
_LONGEST_PAUSE = 30.0


class Chore:
    """A function to call every `seconds`; more rarely while it fails."""

    def __init__(self, name: str, seconds: float, function: Callable[[], object]) -> None:
        self._name = name
        self._seconds = seconds
        self._function = function
        self._failures = 0
        self._next = 0.0

    def run_if_due(self) -> None:
        """Call the function when its time has come. Never raises."""
        if time.monotonic() < self._next:
            return
        try:
            self._function()
        except BaseException as error:  # the scheduler has to outlive everything
            self._fail(error)
        else:
            self._failures = 0
            self._next = time.monotonic() + self._seconds

    def _fail(self, error: BaseException) -> None:
        self._failures += 1
        pause = min(self._seconds * 2**self._failures, max(_LONGEST_PAUSE, self._seconds))
        self._next = time.monotonic() + pause
        # One traceback for one outage, however long.
        trace = error if self._failures == 1 else None
        logger.error(
            "The worker could not %s (%s); it tries again in %.0f s.",
            self._name,
            error,
            pause,
            exc_info=trace,
        )
