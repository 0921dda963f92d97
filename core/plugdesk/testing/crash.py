"""Killing a desk at every step of its work.

A step is a moment after which the world may look different to others: around each commit of the
database, each write to a socket, each file synced or renamed. Moments between two of them leave the
same behind, so they need no run of their own. `CrashLab` forks a fresh desk for each run from a
process that has everything imported and nothing open, and ends it with SIGKILL at the step that
the test names.
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, event, func, select

from plugdesk.config import SiteConfig, load_config
from plugdesk.contract.channels import Channel
from plugdesk.intake import fetch, process, worker
from plugdesk.intake.models import JournalEntry
from plugdesk.intake.parser import Parser
from plugdesk.outbox import delivery
from plugdesk.outbox.models import OutboxEntry
from plugdesk.site import Site
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.smtp import SmtpServer
from plugdesk.tickets.models import Message

WORK: dict[str, Callable[[Site, int], object]] = {
    "fetch": fetch.run,
    "process": lambda site, _account: process.run(site),
    "deliver": lambda site, _account: delivery.run(site),
}


@dataclass(frozen=True)
class DoomedDesk:
    """A site that no process has open, connected to one mailbox, for processes that die."""

    config: SiteConfig
    account: int
    mailbox: Mailbox
    smtp: SmtpServer
    again: Callable[[], DoomedDesk]
    """Makes another one that is just like it was at first."""

    @property
    def overrides(self) -> dict[str, object]:
        """What processes on this desk have to be told."""
        return {"database": self.config.database, "undo_seconds": 0}

    def visible(self) -> list[str]:
        """The subjects of all visible incoming messages, sorted."""
        with Site(self.config) as site, site.db.read() as session:
            incoming = select(Message.subject).where(Message.direction == "incoming")
            return sorted(session.scalars(incoming))

    def journal(self) -> dict[str, int]:
        """How many journal entries are in each state."""
        with Site(self.config) as site, site.db.read() as session:
            counts = select(JournalEntry.state, func.count()).group_by(JournalEntry.state)
            return dict(iter(session.execute(counts)))

    def outbox(self) -> list[str]:
        """The states of all outgoing messages, oldest first."""
        with Site(self.config) as site, site.db.read() as session:
            return list(session.scalars(select(OutboxEntry.state).order_by(OutboxEntry.id)))


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

    def run(self, desk: DoomedDesk, *work: str, die_at: int | None = None) -> Run:
        """Do pieces of WORK on a desk, and die at a step, counted from 1."""
        order = {
            "folder": str(desk.config.folder),
            "work": work,
            "account": desk.account,
            "die_at": die_at,
            "overrides": desk.overrides,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Run(**json.loads(self._process.stdout.readline()))


class InlineParser(Parser):
    """Understands items in this process: what is killed here is the desk, not its helpers."""

    def parse_many(
        self, channel: type[Channel[Any]], raws: Sequence[bytes]
    ) -> Iterator[tuple[int, worker.Parsed]]:
        """Yield the outcome of each item, in order."""
        reference = f"{channel.__module__}:{channel.__qualname__}"
        outcomes = worker.parse_batch(reference, list(raws))
        yield from enumerate(worker.load(outcome) for outcome in outcomes)


class _Steps:
    """Counts steps, and ends the process at the one that was asked for."""

    def __init__(self, die_at: int | None) -> None:
        self.count = 0
        self._die_at = die_at

    def step(self, *_arguments: object, **_named: object) -> None:
        self.count += 1
        if self.count == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(self, owner: Any, name: str) -> None:
        """Count a step before every call of `owner.name`."""
        original = getattr(owner, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            self.step()
            return original(*arguments, **named)

        setattr(owner, name, counted)

    def watch_system(self) -> None:
        """Count what goes to sockets and disks."""
        self.before(socket.socket, "sendall")
        self.before(ssl.SSLSocket, "sendall")
        self.before(os, "fsync")
        self.before(Path, "replace")

    def watch_database(self, writer: Engine) -> None:
        """Count commits, from both sides."""
        event.listen(writer, "commit", self.step)
        event.listen(writer, "checkin", self.step)


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
            site.parser = InlineParser(seconds=6, megabytes=400)
            steps.watch_system()
            steps.watch_database(site.db.writer)
            for name in order["work"]:
                WORK[name](site, order["account"])
        said: dict[str, object] = {"steps": steps.count}
    except BaseException:
        said = {"steps": 0, "error": traceback.format_exc()}
    os.write(answer, json.dumps(said).encode())
    os._exit(0)


if __name__ == "__main__":
    _serve_orders()
