"""The tables of the database, brought from one version of Plugdesk to the next.

Each history is a folder of Alembic scripts and the table that says how far the database is. The
core's history lies in `migrations/`; a plugin has one of its own. There is no `alembic.ini`.

    upgrade(db)                    # everything that is missing, or nothing
    downgrade(db, "base")          # drops the tables with all their data
    is_current(db)                 # whether the code and the tables fit
    require_current(db)            # raises ConfigError with what to do

One process works at a time, in one transaction: what fails leaves the tables as they were.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from plugdesk.db.database import Database
from plugdesk.errors import ConfigError
from plugdesk.i18n import gettext

if TYPE_CHECKING:
    from alembic.migration import MigrationStep

__all__ = [
    "CORE",
    "History",
    "downgrade",
    "exclusively",
    "is_current",
    "move_down",
    "move_up",
    "require_current",
    "upgrade",
]

#: A PostgreSQL advisory lock that nobody else on the same database server should use.
_ADVISORY_LOCK = 0x706C75676465736B
#: Alembic's `op` is one per process, so threads take turns.
_turn = threading.Lock()


@dataclass(frozen=True)
class History:
    """A folder with `versions/*.py`, and the table that holds the version reached."""

    folder: Path
    version_table: str

    def scripts(self) -> ScriptDirectory:
        """Return the scripts of the folder."""
        return ScriptDirectory(str(self.folder))


CORE = History(Path(__file__).parent / "migrations", "alembic_version")


def upgrade(db: Database, history: History = CORE, to: str = "head") -> None:
    """Run every migration that is missing up to `to`. Raises ConfigError on a newer database."""
    _run(db, history, "_upgrade_revs", to)


def downgrade(db: Database, to: str, history: History = CORE) -> None:
    """Undo migrations down to `to`; `base` leaves nothing, not even the version table."""
    _run(db, history, "_downgrade_revs", to)


def is_current(db: Database, history: History = CORE) -> bool:
    """Tell whether every migration has run, and none that this version does not know."""
    return _reached(db, history) == set(history.scripts().get_heads())


def require_current(db: Database, history: History = CORE) -> None:
    """Raise ConfigError, with what to do, unless the database fits this version."""
    if is_current(db, history):
        return
    if _reached(db, history) - _known(history.scripts()):
        raise _too_new()
    msg = gettext(
        "The database is older than this version of Plugdesk. Back it up, stop every process of "
        "the site, and run: plugdesk upgrade"
    )
    raise ConfigError(msg)


def _reached(db: Database, history: History) -> set[str]:
    with db.reader.connect() as connection:
        options = {"version_table": history.version_table}
        return set(MigrationContext.configure(connection, opts=options).get_current_heads())


def move_up(connection: Connection, history: History, to: str = "head") -> None:
    """Upgrade as a part of a transaction that `exclusively` gave."""
    _move(connection, history.scripts(), history.version_table, "_upgrade_revs", to)


def move_down(connection: Connection, history: History, to: str = "base") -> None:
    """Downgrade as a part of a transaction that `exclusively` gave."""
    _move(connection, history.scripts(), history.version_table, "_downgrade_revs", to)


def _run(db: Database, history: History, direction: str, to: str) -> None:
    scripts = history.scripts()
    try:
        with exclusively(db) as connection:
            _move(connection, scripts, history.version_table, direction, to)
    except CommandError:
        if _reached(db, history) - _known(scripts):
            raise _too_new() from None
        raise


def _move(
    connection: Connection, scripts: ScriptDirectory, version_table: str, direction: str, to: str
) -> None:

    def steps(reached: Any, _context: MigrationContext) -> list[MigrationStep]:
        # What alembic.command calls; that module itself wants an env.py in every history.
        found: list[MigrationStep] = getattr(scripts, direction)(to, reached)
        return found

    with EnvironmentContext(Config(), scripts, fn=steps) as env:
        env.configure(connection=connection, version_table=version_table, render_as_batch=True)
        env.run_migrations()
        if not env.get_context().get_current_heads():
            connection.execute(text(f"DROP TABLE IF EXISTS {version_table}"))


def _known(scripts: ScriptDirectory) -> set[str]:
    return {script.revision for script in scripts.walk_revisions()}


def _too_new() -> ConfigError:
    return ConfigError(
        gettext(
            "The database was written by a newer version of Plugdesk. Install that version again, "
            "or restore the backup from before its upgrade."
        )
    )


@contextmanager
def exclusively(db: Database) -> Iterator[Connection]:
    """One transaction that no other process migrates beside."""
    with _turn, db.writer.connect() as connection:
        if db.dialect == "sqlite":
            with _without_foreign_keys(connection), connection.begin():
                yield connection
                _check_foreign_keys(connection)
        else:
            with connection.begin():
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
                yield connection


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """Let batch operations replace a table that others refer to (sqlite.org, lang_altertable)."""
    raw: Any = connection.connection.driver_connection
    raw.execute("PRAGMA foreign_keys=OFF")  # has no effect inside a transaction
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.execute(text("PRAGMA foreign_key_check")).fetchmany(3)
    if broken:
        msg = gettext(
            "The migration would leave rows without their parents and was undone: %(rows)s.",
            rows=broken,
        )
        raise ConfigError(msg)
