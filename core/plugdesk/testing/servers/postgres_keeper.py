"""The small shell process that makes a PostgreSQL cluster, and ends it when nobody uses it.

Users hold a shared lock on a file in the cluster's folder. The keeper waits for the exclusive
one, which the kernel grants when the last user has let go or has been killed. So one cluster
serves any number of processes and outlives the one that happened to start it.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from plugdesk.testing.servers.processes import HOST, ServerError, free_port, wait_until
from plugdesk.testing.servers.requirements import find_postgres

START_ATTEMPTS = 5

KEEPER = r"""
folder=$1 bin=$2; shift 2
"$@" "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
  && cat "$folder/settings.conf" >> "$folder/data/postgresql.conf" \
  && "$@" "$bin/pg_ctl" -D "$folder/data" -l "$folder/server.log" -w -s start \
  || { touch "$folder/failed"; exit 1; }
touch "$folder/ready"
flock -x "$folder/users" true
"$@" "$bin/pg_ctl" -D "$folder/data" -m immediate -w -s stop
rm -rf "$folder"
"""
"""$1: the cluster's folder; $2: the folder of PostgreSQL's programs; the rest: a command
prefix that changes to the server's user."""

FAST: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}
"""What only a crash of the machine would notice; a killed server loses no commit by it."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": f"'{HOST}'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
    "jit": "off",
    "timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] %d '",
}


class Cluster:
    """A running cluster that this process uses until `leave()`.

    Attributes:
        folder: holds its data, its log and the lock of its users.
        port: where it listens on loopback.
    """

    def __init__(self, folder: Path, port: int, users: IO[str]) -> None:
        self.folder = folder
        self.port = port
        self._users = users

    @classmethod
    def start(cls, *, durable: bool) -> Cluster:
        """Make a cluster. With *durable*, each commit is synced to the disk."""
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                return cls._start_once(free_port(), durable=durable)
            except ServerError:
                if attempt == START_ATTEMPTS:
                    raise
        raise AssertionError

    @classmethod
    def join(cls, folder: Path, port: int) -> Cluster | None:
        """Use a cluster that another process started; None when it is gone or about to go."""
        try:
            users = (folder / "users").open("r+")
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            users.close()
            return None
        return cls(folder, port, users)

    def leave(self) -> None:
        """Let go; the keeper ends the cluster when this was the last user."""
        self._users.close()

    def wait_gone(self) -> None:
        """Wait until the keeper has ended the server and removed the folder."""
        wait_until(lambda: not self.folder.exists(), "PostgreSQL ends", timeout=30)

    def pg_ctl(self, *arguments: str) -> None:
        """Run PostgreSQL's own tool on the cluster and wait until it has done its work."""
        command: list[str | Path] = [*as_server_user(), _programs() / "pg_ctl"]
        command += ["-D", self.folder / "data", "-l", self.folder / "server.log", "-w", "-s"]
        command += arguments
        done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, cwd="/")
        if done.returncode:
            log = (self.folder / "server.log").read_text(errors="replace")[-2000:]
            message = f"pg_ctl {' '.join(arguments)} failed:\n{log}"
            raise ServerError(message)

    @classmethod
    def _start_once(cls, port: int, *, durable: bool) -> Cluster:
        programs, prefix = _programs(), as_server_user()
        folder = Path(tempfile.mkdtemp(prefix="plugdesk-postgres-"))
        settings = {**SETTINGS, "port": str(port), **({} if durable else FAST)}
        lines = [f"{name} = {value}\n" for name, value in settings.items()]
        (folder / "settings.conf").write_text("".join(lines))
        if os.getuid() == 0:
            shutil.chown(folder, server_user())
        users = (folder / "users").open("w")
        fcntl.flock(users, fcntl.LOCK_SH)
        cluster = cls(folder, port, users)
        with (folder / "keeper.log").open("wb") as log:
            subprocess.run(
                ["setsid", "--fork", "sh", "-c", KEEPER, "keeper", folder, programs, *prefix],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                check=True,
            )
        cluster._wait_ready()
        return cluster

    def _wait_ready(self) -> None:
        ready, failed = self.folder / "ready", self.folder / "failed"
        what = "PostgreSQL makes its cluster and starts"
        wait_until(lambda: ready.exists() or failed.exists(), what, timeout=60)
        if ready.exists():
            return
        logs = [self.folder / "keeper.log", self.folder / "server.log"]
        text = "\n".join(log.read_text(errors="replace") for log in logs if log.exists())
        self.leave()
        shutil.rmtree(self.folder, ignore_errors=True)
        message = f"PostgreSQL did not start:\n{text[-2000:]}"
        raise ServerError(message)


def server_user() -> str:
    """Return the name of the user that the server runs as: it refuses to run as root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def as_server_user() -> list[str]:
    """Return a command prefix that changes from root to the server's user."""
    if os.getuid() != 0:
        return []
    user = pwd.getpwnam(server_user())
    ids = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid)]
    return ["setpriv", *ids, "--clear-groups"]


def _programs() -> Path:
    found = find_postgres()
    if found is None:
        message = "PostgreSQL is not installed. Install the Debian package postgresql."
        raise ServerError(message)
    return found
