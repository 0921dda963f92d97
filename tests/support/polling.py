"""Waiting for what another thread does, without sleeping for luck."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from plugdesk.site import Site


def wait_until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Poll until `condition` holds; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not come true in time."
        time.sleep(0.005)


class Counting:
    """A job that counts its runs, and can be held up."""

    def __init__(self) -> None:
        self.runs = 0
        self.payloads: list[dict[str, object]] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, _site: Site, **payload: object) -> None:
        self.runs += 1
        self.payloads.append(payload)
        self.begun.set()
        assert self.go_on.wait(10)
