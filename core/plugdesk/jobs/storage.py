"""Where jobs wait: SQLite in a file of its own, PostgreSQL, or Redis.

huey's storages, with what the desk needs on top: they open at the first use, hold one copy of a
wake however often it is given, and make do when their file or server was replaced meanwhile.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from huey.storage import PostgresStorage, RedisStorage, SqliteStorage
from sqlalchemy.engine import make_url

from plugdesk.config import SiteConfig
from plugdesk.db.sqlite import driver
from plugdesk.errors import ConfigError
from plugdesk.i18n import gettext

FILE_NAME = "queue.db"
_NAME = "plugdesk"
_BUSY_SECONDS = 2
#: A number of our own choosing; holders of this advisory lock create the queue's tables.
_CREATE_LOCK = 7_221_945_101


class QueueStorage(Protocol):
    """What the queue needs of huey's storage, and the two things that we add."""

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Add one job."""

    def enqueue_once(self, data: bytes) -> None:
        """Add one job, unless the same bytes wait already."""

    def has_work(self) -> bool:
        """Tell whether a job waits, without taking it."""

    def add_to_schedule(self, data: bytes, ts: datetime) -> None:
        """Add one job that becomes due at `ts`."""

    def close(self) -> object:
        """Close connections."""


def open_storage(config: SiteConfig) -> QueueStorage:
    """Return the storage that the site's configuration names; it connects when first used.

    Raises ConfigError when the configuration names none that can work.
    """
    if not config.queue:
        return SqliteQueue(config.folder / FILE_NAME)
    if config.queue == "database":
        return PostgresQueue(_dsn(config.database_url))
    if config.queue.startswith(("redis://", "rediss://", "unix://")):
        return _open_redis(config.queue)
    msg = gettext(
        "queue = %(value)s names no queue. Leave it empty, or use database or redis://.",
        value=repr(config.queue),
    )
    raise ConfigError(msg)


def _dsn(url: str) -> str:
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        msg = gettext(
            "queue = 'database' needs PostgreSQL. Leave it empty to use SQLite's own queue file."
        )
        raise ConfigError(msg)
    return parsed.set(drivername="postgresql").render_as_string(hide_password=False)


def _open_redis(url: str) -> QueueStorage:
    try:
        importlib.import_module("redis")  # only sites that chose it have it
    except ModuleNotFoundError:
        msg = gettext("The queue is on Redis, but its client is not installed: pip install redis")
        raise ConfigError(msg) from None
    return RedisQueue(_NAME, blocking=False, url=url)


class SqliteQueue(SqliteStorage):  # type: ignore[misc] # huey has no types
    """A queue in a SQLite file of its own.

    The file is made when it is missing, also while the site runs; one that is damaged is moved
    aside. Both are safe, since a sweep finds all work again.
    """

    _driver = driver()
    integrity_error = _driver.IntegrityError
    operational_error = _driver.OperationalError

    def __init__(self, path: Path) -> None:
        self._path = path
        self._conn: Any = None
        self._opened: tuple[int, int] | None = None
        self._damaged = False
        super().__init__(_NAME, filename=str(path), timeout=_BUSY_SECONDS, create_tables=False)

    @property
    def conn(self) -> Any:
        """The connection, made anew when the file is no longer the one it opened."""
        if self._conn is not None and self._identity() != self._opened:
            self._conn.close()
            self._conn = None
        return super().conn

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - runs with every job
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _create_connection(self) -> Any:
        if self._damaged and self._path.exists():
            self._path.replace(self._path.with_suffix(".damaged"))
        if not self._path.exists():
            self._forget_log()
        self._damaged = False
        connection = self._connect()
        self._opened = self._identity()
        return connection

    @contextlib.contextmanager
    def db(self, commit: bool = False, close: bool = False) -> Iterator[Any]:
        """A cursor for one statement or transaction, one thread at a time."""
        try:
            with super().db(commit=commit, close=close) as cursor:
                yield cursor
        except self._driver.DatabaseError as error:
            # Corruption has no class of its own below DatabaseError (sqlite3 documentation).
            if type(error) is self._driver.DatabaseError:
                self._damaged = True
                self.close()
            raise

    def _connect(self) -> Any:
        connection = self._driver.connect(
            self.filename, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )
        try:
            self._set_journal_mode(connection)
            # A power cut may lose the newest jobs but never damages the file (sqlite.org, WAL).
            connection.execute("PRAGMA synchronous=NORMAL")
            for statement in self.ddl:
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def _forget_log(self) -> None:
        # A new file must not meet the write-ahead log of the one before it.
        for suffix in ("-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)

    def enqueue_once(self, data: bytes) -> None:
        """Add one job, unless the same bytes wait already."""
        waiting = "SELECT 1 FROM task WHERE queue = ? AND data = ?"
        if self.sql(waiting, (self.name, data), results=True):
            return  # Looked first, since looking takes no lock.
        self.sql(
            f"INSERT INTO task (queue, data) SELECT ?, ? WHERE NOT EXISTS ({waiting})",
            (self.name, data, self.name, data),
            commit=True,
        )

    def has_work(self) -> bool:
        """Tell whether a job waits, without taking it."""
        query = "SELECT 1 FROM task WHERE queue = ? LIMIT 1"
        return bool(self.sql(query, (self.name,), results=True))

    def read_schedule(self, ts: datetime) -> list[bytes]:
        """Take the jobs that are due at `ts`; without a lock when there are none."""
        query = "SELECT 1 FROM schedule WHERE queue = ? AND timestamp <= ? LIMIT 1"
        if not self.sql(query, (self.name, ts.timestamp()), results=True):
            return []
        return list(super().read_schedule(ts))


class PostgresQueue(PostgresStorage):  # type: ignore[misc] # huey has no types
    """A queue in the site's own PostgreSQL, in tables named `queue_*`."""

    def __init__(self, dsn: str) -> None:
        super().__init__(_NAME, dsn=dsn, blocking=False, table_prefix="queue", create_tables=False)

    def _create_connection(self) -> Any:
        connection = self._connect()
        try:
            with connection.transaction():
                # IF NOT EXISTS alone fails when two processes create at the same moment.
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATE_LOCK,))
                for statement in self.ddl:
                    connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def enqueue_once(self, data: bytes) -> None:
        """Add one job, unless the same bytes wait already."""
        with self.db(commit=True) as cursor:
            cursor.execute(
                f"INSERT INTO {self.table_task} (queue, data) SELECT %s, %s WHERE NOT EXISTS"  # noqa: S608
                f" (SELECT 1 FROM {self.table_task} WHERE queue = %s AND data = %s)",
                (self.name, data, self.name, data),
            )
            if cursor.rowcount:
                cursor.execute("SELECT pg_notify(%s, '')", (self.channel,))

    def has_work(self) -> bool:
        """Tell whether a job waits, without taking it."""
        query = f"SELECT 1 FROM {self.table_task} WHERE queue = %s LIMIT 1"  # noqa: S608
        return bool(self.sql(query, (self.name,), results=True))

    def listen(self, stop: threading.Event, ring: Callable[[], None]) -> None:
        """Call `ring` whenever a process adds a job, until `stop` is set or the server goes."""
        with contextlib.closing(self._connect()) as connection:
            connection.execute(f'LISTEN "{self.channel}"')
            ring()
            while not stop.is_set():
                for _ in connection.notifies(timeout=0.5, stop_after=1):
                    ring()


class RedisQueue(RedisStorage):  # type: ignore[misc] # huey has no types
    """A queue on a Redis server (6.0.6 or newer)."""

    def enqueue_once(self, data: bytes) -> None:
        """Add one job, unless the same bytes wait already."""
        if self.conn.lpos(self.queue_key, data) is None:
            self.enqueue(data)

    def has_work(self) -> bool:
        """Tell whether a job waits, without taking it."""
        return bool(self.queue_size())
