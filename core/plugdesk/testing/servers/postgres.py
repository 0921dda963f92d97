"""A private PostgreSQL, with databases made in a moment from templates."""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from uuid import uuid4

import psycopg
from psycopg import sql

from plugdesk.testing.servers.postgres_keeper import Cluster
from plugdesk.testing.servers.processes import HOST, ServerError

StopMode = Literal["immediate", "fast", "smart"]
"""How a server stops: as in a crash, by ending sessions, or when the last session ends."""


class Postgres:
    """A PostgreSQL of its own on loopback, from construction until `stop()`.

    It is ended also when the process that started it is killed. Commits survive
    `restart("immediate")`; they are synced to the disk only with *durable*.

    With *root*, all processes that name the same folder use one server: the first starts it, and
    it ends when the last has stopped or died.
    """

    def __init__(self, *, durable: bool = False, root: Path | None = None) -> None:
        self._shared = root is not None
        self._cluster = Cluster.start(durable=durable) if root is None else _join_or_start(root)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """Where it listens on loopback."""
        return self._cluster.port

    @property
    def folder(self) -> Path:
        """Its folder; `data/postmaster.pid` in it begins with the server's process id."""
        return self._cluster.folder

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database for SQLAlchemy, with the driver psycopg."""
        return f"postgresql+psycopg://postgres@{HOST}:{self.port}/{database}"

    def stop(self) -> None:
        """End the server and remove its data; a shared one when no other process uses it."""
        self._cluster.leave()
        if not self._shared:
            self._cluster.wait_gone()

    def restart(self, mode: StopMode = "immediate") -> None:
        """Stop the server, by default as in a crash, and start it again with the same data.

        A shared server refuses: other tests use it meanwhile.
        """
        self.pause(mode)
        self.resume()

    def pause(self, mode: StopMode = "immediate") -> None:
        """Stop the server, by default as in a crash; its port refuses until `resume()`."""
        if self._shared:
            message = "A shared PostgreSQL cannot be stopped by one test. Start one: Postgres()."
            raise ServerError(message)
        self._cluster.pg_ctl("-m", mode, "stop")

    def resume(self) -> None:
        """Start the server again after `pause()`."""
        self._cluster.pg_ctl("start")

    # Databases

    def create_database(self, template: str | None = None) -> str:
        """Create a database with a name of its own and return its address.

        It is empty, or a copy of *template*, a name that `template()` returned.
        """
        name = f"test_{uuid4().hex}"
        self._create(name, template or "template0")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database by its address, and end the connections that use it."""
        name = url.rpartition("/")[2]
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextlib.contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """Create a database for the length of a block; gives its address."""
        url = self.create_database(template)
        try:
            yield url
        finally:
            self.drop_database(url)

    def template(self, name: str, fill: Callable[[str], object]) -> str:
        """Return the name of a template that *fill* made, once for all users of the server.

        *fill* gets the address of an empty database and closes its connections before it
        returns. *name* says what the template holds: a later call by that name fills nothing.
        """
        template = f"template_{name}"
        with self._connect() as admin:
            admin.execute("SELECT pg_advisory_lock(hashtext(%s))", [template])
            known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template])
            if known.fetchone() is None:
                url = self.create_database()
                fill(url)
                self._rename(url.rpartition("/")[2], template)
        return template

    def _create(self, name: str, template: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(template)))

    def _rename(self, name: str, to: str) -> None:
        statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        self._execute(statement.format(sql.Identifier(name), sql.Identifier(to)))

    def _execute(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=HOST, port=self.port, user="postgres", dbname="postgres", autocommit=True
        )


def _join_or_start(root: Path) -> Cluster:
    """Use the server of *root*, and start it when nobody else does; one process at a time."""
    with (root / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = root / "postgres.json"
        cluster = _join(state)
        if cluster is None:
            cluster = Cluster.start(durable=False)
            found = {"folder": str(cluster.folder), "port": cluster.port}
            state.write_text(json.dumps(found))
        return cluster


def _join(state: Path) -> Cluster | None:
    """Use the cluster that a state file names, if it is there and stays."""
    if not state.exists():
        return None
    found = json.loads(state.read_text())
    return Cluster.join(Path(found["folder"]), found["port"])
