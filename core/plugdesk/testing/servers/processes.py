"""Start a server's process, wait for it, and end it for certain."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

HOST = "127.0.0.1"
PORTS = range(20000, 32000)
"""Below the kernel's range for outgoing connections, so that none of those takes a port
between two starts of a server."""


class ServerError(Exception):
    """A server did not start, or did not do what the test asked of it."""


def free_port() -> int:
    """Return a TCP port that nobody listens on just now.

    Another process may take it before the caller does: try again with another port then.
    """
    for _ in range(200):
        port = random.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    message = "No free port was found. End the servers that earlier test runs left behind."
    raise ServerError(message)


def wait_until(ready: Callable[[], T | None], what: str, timeout: float = 10.0) -> T:
    """Call *ready* until it returns something true, and return that.

    *timeout* is in seconds; a `ServerError` that names *what* is raised when it has passed.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = ready()
        if value:
            return value
        if time.monotonic() > deadline:
            message = f"Waited {timeout:g} s in vain: {what}."
            raise ServerError(message)
        time.sleep(0.01)


def port_is_open(port: int) -> bool:
    """Tell whether something accepts connections on a port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((HOST, port)) == 0


class ServerProcess:
    """One child process in a process group of its own.

    The kernel sends it *death_signal* when the thread that started it ends, also when the tests
    are killed: start servers from a thread that lives as long as they should.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        death_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        prefix = ["setpriv", "--pdeathsig", death_signal.name.removeprefix("SIG")]
        if user is not None:
            prefix += ["--reuid", user, "--regid", user, "--init-groups"]
        self.log = log
        self._reaped = False
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*prefix, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=None if env is None else {**os.environ, **env},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process's id, which is also its group's."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process has not ended yet."""
        return not self._reaped and _has_not_ended(self.pid)

    def wait_ready(self, ready: Callable[[], bool], what: str, timeout: float = 20.0) -> None:
        """Wait until *ready*; a process that ends meanwhile raises `ServerError` with its log."""
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running or time.monotonic() > deadline:
                self.stop()
                message = f"{what} did not start:\n{self.log_tail()}"
                raise ServerError(message)
            time.sleep(0.01)

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines that the process wrote."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, sign: signal.Signals = signal.SIGTERM, timeout: float = 5.0) -> None:
        """End the process with *sign*, and what is left of its group after *timeout* seconds."""
        if self._reaped:
            return
        os.kill(self.pid, sign)
        deadline = time.monotonic() + timeout
        while self.running and time.monotonic() < deadline:
            time.sleep(0.005)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._reaped = True


def _has_not_ended(pid: int) -> bool:
    """Ask without reaping, so that the id stays ours until its group has been ended."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def process_runs(pid: int) -> bool:
    """Tell whether a process runs; one that has ended but was not reaped does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
