"""Plugin code as a guest in a session of ours: it may work there, but not end the transaction.

Three nets, each for what slips through the one before: the session's own methods refuse, the
engine's events refuse what is said to the connection or in SQL, and after the visit we look
whether the transaction is still the one that it was.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction

from plugdesk.errors import PluginError

Answer = TypeVar("Answer")

_ENDS_TRANSACTION = re.compile(
    r"(?:\A|;)(?:\s|--[^\n]*\n|/\*.*?\*/)*"
    r"(?:commit|end|abort|prepare\s+transaction"
    r"|rollback(?!\s+(?:(?:transaction|work)\s+)?to\b))\b",
    re.IGNORECASE | re.DOTALL,
)


#: After these SQLite rolls back by itself (sqlite.org/lang_transaction.html, section 3.3).
_BREAKDOWNS = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM")


class _Visits(threading.local):
    depth = 0
    #: The connection on which the present guest's savepoint was opened, once it was.
    used: Connection | None = None


_visits = _Visits()


class TransactionLost(Exception):
    """A guest ended the transaction that was lent to it; its cause is what the guest raised."""


@contextmanager
def visit() -> Iterator[None]:
    """While the block runs in this thread, no transaction of the desk can be ended."""
    _visits.depth += 1
    try:
        yield
    finally:
        _visits.depth -= 1


@contextmanager
def host() -> Iterator[None]:
    """While the block runs in this thread, the desk's own code is at work for a guest."""
    before, _visits.depth = _visits.depth, 0
    try:
        yield
    finally:
        _visits.depth = before


def _refuse(what: str) -> NoReturn:
    msg = (
        f"A plugin may not {what}: the desk does that when everybody has finished. To undo your"
        " own part use `with desk.session.begin_nested():`."
    )
    raise PluginError(msg)


class DeskSession(Session):
    """A session that can be lent to plugins."""


def _refuser(method: str, what: str) -> Callable[..., Any]:
    inherited = getattr(Session, method)

    @functools.wraps(inherited)
    def refuse_guests(self: DeskSession, *args: Any, **options: Any) -> Any:
        if _visits.depth:
            _refuse(what)
        return inherited(self, *args, **options)

    return refuse_guests


for _method, _what in {
    "close": "close the session",
    "commit": "commit",
    "connection": "use the connection itself",
    "expunge_all": "forget the desk's objects",
    "get_nested_transaction": "reach for the transaction",
    "get_transaction": "reach for the transaction",
    "invalidate": "give up the connection",
    "prepare": "prepare a commit",
    "reset": "reset the session",
    "rollback": "roll back",
}.items():
    setattr(DeskSession, _method, _refuser(_method, _what))


def protect(engine: Engine) -> None:
    """Refuse plugins that end a transaction past the session."""

    def on_end(_connection: Connection) -> None:
        if _visits.depth:
            _refuse("end the transaction")

    def on_execute(_connection: Connection, _cursor: Any, statement: str, *_more: object) -> None:
        if _visits.depth and _ENDS_TRANSACTION.search(statement):
            _refuse("end the transaction in SQL")

    def on_savepoint(connection: Connection, _name: str) -> None:
        _visits.used = connection

    event.listen(engine, "savepoint", on_savepoint)
    event.listen(engine, "commit", on_end)
    event.listen(engine, "rollback", on_end)
    event.listen(engine, "before_cursor_execute", on_execute)


def call(session: Session, function: Callable[[], Answer]) -> Answer:
    """Call a plugin's function in a savepoint, which is undone when the function raises.

    Raises what the function raises, or TransactionLost when the surrounding transaction did not
    survive it. The savepoint costs nothing until the function uses the session.
    """
    outer, _visits.used = _visits.used, None
    with host():
        savepoint = session.begin_nested()
        root = session.get_transaction()
        try:
            with visit():
                answer = function()
            session.flush()  # what the function left half done is its own failure
            _check_usable()
            savepoint.commit()
        except BaseException as error:
            _undo(session, savepoint, root, error)
            raise
        finally:
            _visits.used = outer or _visits.used
        if session.get_transaction() is not root:
            _lost(session, None)
        return answer


def _check_usable() -> None:
    """Refuse to release a savepoint after an error that the guest kept to itself.

    PostgreSQL takes nothing but a rollback then, and SQLAlchemy could not roll back any more
    after a release that failed.
    """
    if _visits.used is not None and not _in_transaction(_visits.used):
        msg = "The plugin went on after an error of the database, or ended the transaction."
        raise PluginError(msg)


def _undo(
    session: Session,
    savepoint: SessionTransaction,
    root: SessionTransaction | None,
    error: BaseException,
) -> None:
    try:
        if session.get_transaction() is root:
            savepoint.rollback()
        used = _visits.used  # None: the database has not even heard of the savepoint
        if session.get_transaction() is root and (used is None or _in_transaction(used)):
            return
    except Exception as problem:
        if not isinstance(error, DBAPIError) and isinstance(problem, DBAPIError):
            error = problem
    _lost(session, error)


def _in_transaction(connection: Connection) -> bool:
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return connection.in_transaction() and bool(driver.in_transaction)
    status = driver.info.transaction_status
    return connection.in_transaction() and bool(status == status.INTRANS)


def _lost(session: Session, error: BaseException | None) -> NoReturn:
    with suppress(Exception):
        session.invalidate()
    if isinstance(error, DBAPIError) and is_breakdown(error):
        raise error
    raise TransactionLost from error


def is_breakdown(error: DBAPIError) -> bool:
    """Tell a database that went away or has no room, taking the transaction with it."""
    name = getattr(error.orig, "sqlite_errorname", "")
    return error.connection_invalidated or name.startswith(_BREAKDOWNS)
