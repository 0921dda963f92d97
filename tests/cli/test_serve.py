"""`plugdesk serve` and `plugdesk worker` as real processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

import pytest
from plugdesk.config import load_config
from plugdesk.contract.tickets import Role
from plugdesk.db import Database, migrate
from plugdesk.people.operations import add_agent
from plugdesk.site import Site

from .conftest import PASSWORD, Run

SECONDS = 30


class Process:
    """A running command and the lines that it has printed."""

    def __init__(self, *arguments: str | Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "plugdesk.cli", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8", **environment},
        )
        self.lines: list[str] = []
        self._queue: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))
        self.process.stdout.close()

    def wait_for(self, pattern: str) -> str:
        """Return the first group of the next line that matches."""
        while True:
            try:
                self.lines.append(self._queue.get(timeout=SECONDS))
            except Empty:
                pytest.fail(f"{pattern!r} was not printed, but: {self.lines}")
            found = re.search(pattern, self.lines[-1])
            if found:
                return found[1] if found.groups() else found[0]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        code = self.process.wait(SECONDS)
        self._reader.join()
        while not self._queue.empty():
            self.lines.append(self._queue.get())
        return code


@contextmanager
def running(*arguments: str | Path, **environment: str) -> Iterator[Process]:
    process = Process(*arguments, **environment)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
        process.end()


def get(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def add_owner(folder: Path) -> None:
    with Site(load_config(folder)) as site, site.db.write() as session:
        add_agent(
            site,
            session,
            name="Ann",
            address="ann@example.com",
            password=PASSWORD,
            role=Role.OWNER,
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_serves_until_a_signal(site_folder: Path, number: signal.Signals) -> None:
    """It prints where it listens, answers there, and stops gracefully with code 0."""
    with running("serve", "--site", site_folder, "--port", "0") as server:
        address = server.wait_for(r"(http://127\.0\.0\.1:\d+)/")
        assert get(f"{address}/healthz") == (200, "ok\n")
        assert server.stop(number) == 0
        assert server.lines[-1] == "Stopped."
        assert not [line for line in server.lines if "ERROR" in line or "Traceback" in line]


def test_the_first_start_prints_the_setup_address(site_folder: Path) -> None:
    """Without an owner the address of the setup page is printed, and it works; later it is not."""
    with running("serve", "--site", site_folder, "--port", "0") as server:
        setup = server.wait_for(r"(http://\S+/setup\?code=\S+)")
        status, page = get(setup)
        assert status == 200
        assert 'type="password"' in page
        assert server.stop() == 0
    add_owner(site_folder)
    with running("serve", "--site", site_folder, "--port", "0") as server:
        address = server.wait_for(r"(http://127\.0\.0\.1:\d+)/")
        assert get(f"{address}/healthz")[0] == 200
        assert server.stop() == 0
        assert not [line for line in server.lines if "setup" in line]


def test_variables_and_options_decide_where_it_listens(site_folder: Path) -> None:
    """PLUGDESK_SITE and PLUGDESK_PORT serve as well as options; public_url is printed."""
    variables = {
        "PLUGDESK_SITE": str(site_folder),
        "PLUGDESK_PORT": "0",
        "PLUGDESK_WORKERS": "0",
        "PLUGDESK_PUBLIC_URL": "https://desk.example.com",
    }
    with running("serve", **variables) as server:
        server.wait_for(r"http://127\.0\.0\.1:\d+/")
        server.wait_for(r"https://desk\.example\.com/setup\?code=")
        assert server.stop() == 0


def test_a_taken_port_is_a_sentence(site_folder: Path) -> None:
    """A second server on the same port says so and exits with 1."""
    with running("serve", "--site", site_folder, "--port", "0") as server:
        port = server.wait_for(r"http://127\.0\.0\.1:(\d+)/")
        with running("serve", "--site", site_folder, "--port", port) as second:
            second.wait_for(f"cannot listen on 127.0.0.1 port {port}")
            assert second.end() == 1
        assert server.stop() == 0


def test_a_second_server_may_run_beside_the_first(site_folder: Path) -> None:
    """Two processes serve one SQLite site on two ports."""
    with (
        running("serve", "--site", site_folder, "--port", "0") as first,
        running("serve", "--site", site_folder, "--port", "0") as second,
    ):
        for server in (first, second):
            address = server.wait_for(r"(http://127\.0\.0\.1:\d+)/")
            assert get(f"{address}/healthz")[0] == 200
        assert first.stop() == second.stop() == 0


def test_a_sqlite_site_is_upgraded_by_itself(site_folder: Path) -> None:
    """A database without tables is brought up to date, after saying so."""
    db = Database(load_config(site_folder).database_url)
    migrate.downgrade(db, "base")
    with running("serve", "--site", site_folder, "--port", "0") as server:
        server.wait_for("upgrading it now")
        server.wait_for(r"http://127\.0\.0\.1:\d+/")
        assert server.stop() == 0
    assert migrate.is_current(db)
    db.close()


def test_a_postgresql_site_is_not(
    site_folder: Path, request: pytest.FixtureRequest, run: Run
) -> None:
    """There other processes may run the older version: the owner decides when."""
    with request.getfixturevalue("postgres").database() as url:
        environment = {"PLUGDESK_DATABASE": url}
        arguments = ("serve", "--site", site_folder, "--port", "0")
        with running(*arguments, **environment) as server:
            server.wait_for("plugdesk upgrade")
            assert server.end() == 1
        assert run("upgrade", "--site", site_folder, env=environment).exit_code == 0
        with running(*arguments, **environment) as server:
            address = server.wait_for(r"(http://127\.0\.0\.1:\d+)/")
            assert get(f"{address}/healthz")[0] == 200
            assert server.stop() == 0


def test_a_worker_works_until_a_signal(site_folder: Path) -> None:
    """`plugdesk worker` starts, says so, and stops gracefully."""
    with running("worker", "--site", site_folder, "--threads", "2") as worker:
        worker.wait_for("Working")
        assert worker.stop() == 0
        assert worker.lines[-1] == "Stopped."
