"""Killing a desk at every step of its work.

A step is any moment at which something leaves the process: a statement or a commit on the
database, a write to a socket, a file renamed or synced. `CrashLab` forks a fresh desk for each run
from a process that has everything imported and nothing open, and ends it with SIGKILL at the step
that the test names.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, event

from plugdesk.config import load_config
from plugdesk.intake import fetch, process
from plugdesk.outbox import delivery
from plugdesk.site import Site

WORK: dict[str, Callable[[Site, int], object]] = {
    "fetch": fetch.run,
    "process": lambda site, _account: process.run(site),
    "deliver": lambda site, _account: delivery.run(site),
}


@dataclass(frozen=True)
class Run:
    """How a run ended: killed at the step asked for, or at its end after so many steps."""

    killed: bool
    steps: int
    error: str = ""


class CrashLab:
    """Runs pieces of work in processes that can be killed at any step."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_exception: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)

    def run(
        self,
        folder: Path,
        *work: str,
        account: int = 0,
        die_at: int | None = None,
        **overrides: Any,
    ) -> Run:
        """Do pieces of WORK on the site in `folder`, and die at a step, counted from 1."""
        order = {
            "folder": str(folder),
            "work": work,
            "account": account,
            "die_at": die_at,
            "overrides": overrides,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Run(**json.loads(self._process.stdout.readline()))


class _Steps:
    """Counts steps, and ends the process at the one that was asked for."""

    def __init__(self, die_at: int | None) -> None:
        self.count = 0
        self._die_at = die_at

    def step(self, *_arguments: object, **_named: object) -> None:
        self.count += 1
        if self.count == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str) -> None:
        """Count a step before and after every call of `owner.name`."""
        original = getattr(owner, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            self.step()
            result = original(*arguments, **named)
            self.step()
            return result

        setattr(owner, name, counted)

    def watch_system(self) -> None:
        """Count what goes to sockets and disks."""
        self.around(socket.socket, "sendall")
        self.around(ssl.SSLSocket, "sendall")
        self.around(os, "fsync")
        self.around(Path, "replace")

    def watch_database(self, engine: Engine) -> None:
        """Count statements, and commits from both sides."""
        event.listen(engine, "before_cursor_execute", self.step)
        event.listen(engine, "after_cursor_execute", self.step)
        event.listen(engine, "commit", self.step)
        event.listen(engine, "checkin", self.step)


def _serve_orders() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _obey(order, writing)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as pipe:
            said = pipe.read()
        _pid, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        answer = json.loads(said) if said else {"steps": 0}
        sys.stdout.write(json.dumps({"killed": killed, **answer}) + "\n")
        sys.stdout.flush()


def _obey(order: dict[str, Any], answer: int) -> None:
    """Do what the order says and leave the process; never returns."""
    try:
        steps = _Steps(order["die_at"])
        config = load_config(Path(order["folder"]), **order["overrides"])
        with Site(config) as site:
            steps.watch_system()
            for engine in site.db.engines():
                steps.watch_database(engine)
            for name in order["work"]:
                WORK[name](site, order["account"])
        said = {"steps": steps.count}
    except BaseException:
        said = {"steps": 0, "error": traceback.format_exc()}
    os.write(answer, json.dumps(said).encode())
    os._exit(0)


if __name__ == "__main__":
    _serve_orders()
