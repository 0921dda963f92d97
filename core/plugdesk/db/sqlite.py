"""SQLite as the desk needs it (DESIGN.md, section 7).

Two engines over one file: readers begin a deferred transaction and cannot write, writers begin
an immediate one, so that no transaction ever has to upgrade its lock and fail.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from plugdesk.errors import ConfigError
from plugdesk.i18n import lazy_gettext

#: First release without the WAL-reset bug, which can corrupt a database that two
#: connections write and checkpoint at once (sqlite.org, release notes of 3.51.3).
SAFE_VERSION = (3, 51, 3)
#: Older branches into which the same correction was taken.
SAFE_BACKPORTS = ((3, 44, 6), (3, 50, 7))
BUSY_SECONDS = 20


def driver() -> ModuleType:
    """Return the DB-API module to use: the pysqlite3 wheel, or the interpreter's own."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ModuleNotFoundError:
        return importlib.import_module("sqlite3.dbapi2")


def is_safe(version: tuple[int, ...]) -> bool:
    """Tell whether this SQLite may serve several processes."""
    if version >= SAFE_VERSION:
        return True
    return any(version[:2] == safe[:2] and version >= safe for safe in SAFE_BACKPORTS)


def require_several_processes() -> None:
    """Raise ConfigError when the SQLite of this machine is good for one process only."""
    module = driver()
    if not is_safe(module.sqlite_version_info):
        raise ConfigError(
            lazy_gettext(
                "SQLite %(version)s can damage a database that two processes write. Let"
                " `plugdesk serve` do all the work alone, or use PostgreSQL.",
                version=module.sqlite_version,
            )
        )


def make_engines(path: str) -> tuple[Engine, Engine]:
    """Return the reading and the writing engine for the database file at `path`."""
    return _engine(path, "BEGIN", read_only=True), _engine(path, "BEGIN IMMEDIATE", read_only=False)


def _engine(path: str, begin: str, *, read_only: bool) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        module=driver(),
        pool_size=16,
        max_overflow=16,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA temp_store=MEMORY")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine
