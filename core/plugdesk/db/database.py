"""Sessions: one kind that cannot write, one that commits once at its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from plugdesk.db import postgres, sqlite
from plugdesk.db.guests import DeskSession, protect
from plugdesk.errors import ConfigError
from plugdesk.i18n import gettext

_WAKE = "plugdesk.wake"


def _ignore(_names: frozenset[str]) -> None:
    return


class Database:
    """The site's database. Pages that only show something use `read`, operations `write`."""

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self.url = url
        self.dialect = parsed.get_backend_name()
        #: Called after a commit with the names of the jobs that it wants to wake.
        self.on_commit: Callable[[frozenset[str]], None] = _ignore
        self._turn: AbstractContextManager[object] = nullcontext()
        if self.dialect == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                msg = gettext("The SQLite database needs a file: sqlite:////path/to/plugdesk.db")
                raise ConfigError(msg)
            self.reader, self.writer = sqlite.make_engines(parsed.database)
            # SQLite has one writer at a time and lets the others poll; within a process a lock
            # hands over at once instead.
            self._turn = threading.Lock()
        elif self.dialect == "postgresql":
            self.reader, self.writer = postgres.make_engines(parsed)
        else:
            msg = gettext(
                "Plugdesk stores its data in SQLite or PostgreSQL, not in %(other)s.",
                other=self.dialect,
            )
            raise ConfigError(msg)
        for engine in self.engines():
            protect(engine)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session in which the database itself refuses to write."""
        with DeskSession(self.reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end of the block, or rolls back when it raises.

        Write transactions do not nest, and hold no network call: on SQLite everybody waits.
        """
        with self._turn, DeskSession(self.writer, expire_on_commit=False) as session:
            with session.begin():
                yield session
            wanted = frozenset(session.info.get(_WAKE, ()))
        if wanted:
            self.on_commit(wanted)

    def engines(self) -> tuple[Engine, Engine]:
        """The reading and the writing engine, for migrations and diagnosis."""
        return self.reader, self.writer

    def close(self) -> None:
        """Close all connections."""
        self.reader.dispose()
        self.writer.dispose()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        msg = gettext(
            "The address of the database cannot be read: postgresql://user@host/name is one."
        )
        raise ConfigError(msg) from None
    # What everybody else calls such an address; ours needs to name the driver as well.
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def wake(session: Session, job: str) -> None:
    """Have `job` woken once this session has committed; a sweep finds what a crash loses."""
    session.info.setdefault(_WAKE, set()).add(job)
