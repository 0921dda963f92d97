"""The tables of plugins: each has a history and a version table of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from plugdesk.db import guests
from plugdesk.errors import PluginError
from plugdesk.i18n import gettext, lazy_gettext

if TYPE_CHECKING:
    from plugdesk.db.database import Database
    from plugdesk.db.migrate import History

VERSION_TABLE = "alembic_version_"


def history_of(plugin: str, package: Path | None) -> History | None:
    """Return the history in `migrations/` of a plugin's package, or None when it has none."""
    if package is None or not (package / "migrations" / "versions").is_dir():
        return None
    from plugdesk.db import migrate  # Alembic takes its time, and few plugins need it

    return migrate.History(package / "migrations", VERSION_TABLE + plugin)


def check(history: History) -> None:
    """Read all its scripts. Raises what a script raises, and PluginError for several ends."""
    scripts = history.scripts()
    list(scripts.walk_revisions())
    if len(heads := scripts.get_heads()) != 1:
        msg = lazy_gettext(
            "Its migrations have %(number)s ends and should have one: %(ends)s.",
            number=len(heads),
            ends=", ".join(heads),
        )
        raise PluginError(msg)


def is_current(db: Database, history: History) -> bool:
    """Tell whether a plugin's tables fit its code."""
    from plugdesk.db import migrate

    return migrate.is_current(db, history)


def upgrade(connection: Connection, plugin: str, history: History) -> None:
    """Make a plugin's tables, in a transaction of `migrate.exclusively`.

    Raises what a script raises, and PluginError when it touches tables that are not its own; the
    caller then gives up the transaction.
    """
    from plugdesk.db import migrate

    with _only_own_tables(connection, plugin):
        migrate.move_up(connection, history)


def remove(connection: Connection, plugin: str, history: History, others: Iterable[str]) -> None:
    """Undo all migrations of a plugin. Raises PluginError when a table of its own is left.

    `others` are the names of the other plugins: a table belongs to the longest name that fits.
    """
    from plugdesk.db import migrate

    with _only_own_tables(connection, plugin):
        migrate.move_down(connection, history)
    longer = tuple(f"{name}_" for name in others if name.startswith(f"{plugin}_"))
    left = [
        table
        for table in _tables(connection)
        if table.startswith(f"{plugin}_") and not table.startswith(longer or ("\0",))
    ]
    if left:
        msg = gettext(
            "The migrations of the plugin %(plugin)s do not remove %(tables)s. Nothing was"
            " deleted; tell its author.",
            plugin=repr(plugin),
            tables=", ".join(sorted(left)),
        )
        raise PluginError(msg)


@contextmanager
def _only_own_tables(connection: Connection, plugin: str) -> Iterator[None]:
    before = _tables(connection)
    with guests.visit():
        yield
    changed = before ^ _tables(connection)
    foreign = {
        table
        for table in changed
        if not table.startswith(f"{plugin}_") and table != VERSION_TABLE + plugin
    }
    if foreign:
        msg = gettext(
            "The migrations of the plugin %(plugin)s make or remove %(tables)s. The names of its"
            " tables have to start with %(start)s.",
            plugin=repr(plugin),
            tables=", ".join(sorted(foreign)),
            start=repr(f"{plugin}_"),
        )
        raise PluginError(msg)


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())
