"""Which entries some worker is busy with, so that two do not do the same work.

Only a saving: the constraints of the tables are what keeps a message from appearing twice.
Claims end with the process that holds them: in memory within a process, and on PostgreSQL, where
several processes share the work, as advisory locks of one connection.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import text

from plugdesk.db import Database

#: The first key of our advisory locks; the second is the entry's id.
_SPACE = 0x506C7567


class Claims:
    """The entries that this process is busy with."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._busy: set[int] = set()
        self._lock = threading.Lock()

    @contextmanager
    def claim(self, ids: Sequence[int]) -> Iterator[list[int]]:
        """Claim those of `ids` that nobody is busy with, for the length of the block."""
        with self._lock:
            mine = [number for number in ids if number not in self._busy]
            self._busy.update(mine)
        try:
            if self._db.dialect == "postgresql":
                with self._locked(mine) as free:
                    yield free
            else:
                yield mine
        finally:
            with self._lock:
                self._busy.difference_update(mine)

    @contextmanager
    def _locked(self, ids: list[int]) -> Iterator[list[int]]:
        take = text("select pg_try_advisory_lock(:space, :id)")
        with self._db.reader.connect() as connection:
            free = [
                number
                for number in ids
                if connection.scalar(take, {"space": _SPACE, "id": number % 2**31})
            ]
            connection.rollback()  # the locks belong to the connection, not to a transaction
            try:
                yield free
            finally:
                connection.execute(text("select pg_advisory_unlock_all()"))
                connection.rollback()
