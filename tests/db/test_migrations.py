"""Migrations: the same tables on both databases, up, down and at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from plugdesk.db import Base, Database, migrate
from plugdesk.db import models as _models  # noqa: F401 - fills Base.metadata
from plugdesk.errors import ConfigError
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'plugdesk.db'}"
        return
    with request.getfixturevalue("postgres").database() as address:
        yield address


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    """An empty database."""
    database = Database(url)
    yield database
    database.close()


def tables(db: Database) -> list[str]:
    return inspect(db.reader).get_table_names()


def test_up_and_down_to_nothing(db: Database) -> None:
    """Upgrading makes every table of the models, downgrading to base leaves none at all."""
    assert not migrate.is_current(db)
    migrate.upgrade(db)
    assert migrate.is_current(db)
    assert set(tables(db)) == {*Base.metadata.tables, "alembic_version"}
    migrate.downgrade(db, "base")
    assert tables(db) == []
    assert not migrate.is_current(db)
    migrate.upgrade(db)
    assert migrate.is_current(db)


def test_migrations_make_what_the_models_say(db: Database) -> None:
    """After an upgrade, Alembic finds no difference between the tables and the models."""
    migrate.upgrade(db)
    with db.reader.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_upgrading_again_changes_nothing(db: Database) -> None:
    """A second upgrade keeps what was stored and raises nothing."""
    migrate.upgrade(db)
    with db.write() as session:
        session.execute(text("INSERT INTO tag (name) VALUES ('환불')"))
    migrate.upgrade(db)
    with db.read() as session:
        assert session.execute(text("SELECT name FROM tag")).scalar_one() == "환불"


UPGRADE = """
import sys
from plugdesk.db import Database, migrate
db = Database(sys.argv[1])
migrate.upgrade(db)
assert migrate.is_current(db)
"""


def test_two_processes_may_upgrade_at_once(url: str, db: Database) -> None:
    """Whoever comes second waits, finds the work done, and goes on."""
    command = [sys.executable, "-c", UPGRADE, url]
    processes = [
        subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    problems = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], problems
    assert migrate.is_current(db)


def test_a_database_without_tables_asks_for_an_upgrade(db: Database) -> None:
    """Code that is newer than the tables says which command to run."""
    with pytest.raises(ConfigError, match="plugdesk upgrade"):
        migrate.require_current(db)
    migrate.upgrade(db)
    migrate.require_current(db)


def test_a_newer_database_is_left_alone(db: Database) -> None:
    """Tables of a later version are refused with a sentence, by the check and by the upgrade."""
    migrate.upgrade(db)
    with db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for act in (migrate.require_current, migrate.upgrade):
        with pytest.raises(ConfigError, match="newer version"):
            act(db)


MIGRATION = '''
"""A plugin's migration."""
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down}

def upgrade() -> None:
    {up}

def downgrade() -> None:
    {back}
'''


def test_a_plugin_has_a_history_of_its_own(db: Database, tmp_path: Path) -> None:
    """Another folder and version table go up and down without touching the core's tables."""
    history = migrate.History(tmp_path / "history", "alembic_version_sms")
    write(history, "0001", 'op.create_table("sms_sent", sa.Column("id", sa.Integer()))')
    migrate.upgrade(db)
    migrate.upgrade(db, history)
    assert {"sms_sent", "alembic_version_sms", "ticket"} <= set(tables(db))
    migrate.downgrade(db, "base", history)
    assert set(tables(db)) == {*Base.metadata.tables, "alembic_version"}
    assert migrate.is_current(db)


def test_a_failing_migration_leaves_the_tables_as_they_were(db: Database, tmp_path: Path) -> None:
    """Everything before the failure is undone with it."""
    history = migrate.History(tmp_path / "history", "alembic_version_sms")
    write(history, "0001", 'op.create_table("sms_sent", sa.Column("id", sa.Integer()))')
    write(history, "0002", 'raise RuntimeError("no")', down='"0001"')
    with pytest.raises(RuntimeError, match="no"):
        migrate.upgrade(db, history)
    assert tables(db) == []


def test_a_referred_table_can_be_replaced(db: Database, tmp_path: Path) -> None:
    """A batch operation on a table that others refer to keeps the rows of both."""
    migrate.upgrade(db)
    with db.write() as session:
        session.execute(text("INSERT INTO team (id, name, private) VALUES (1, 'Shop', false)"))
        session.execute(
            text(
                "INSERT INTO account (id, channel, plugin, name, address, config, team_id, state,"
                " created_at, error, failures) VALUES (1, 'x', 'x', 'x', 'x@example.com', '{}', 1,"
                " 'active', '2026-01-01 00:00:00', '', 0)"
            )
        )
    history = migrate.History(tmp_path / "history", "alembic_version_sms")
    write(
        history,
        "0001",
        'with op.batch_alter_table("team", recreate="auto") as batch:\n'
        '        batch.alter_column("name", type_=sa.String(81))',
    )
    migrate.upgrade(db, history)
    with db.read() as session:
        rows = session.execute(text("SELECT team.name FROM account JOIN team ON team.id = team_id"))
        assert rows.scalar_one() == "Shop"
    with pytest.raises(IntegrityError), db.write() as session:
        session.execute(text("DELETE FROM team"))


def write(history: migrate.History, revision: str, up: str, *, down: str = "None") -> None:
    versions = history.folder / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    back = 'op.drop_table("sms_sent")'
    code = MIGRATION.format(revision=revision, down=down, up=up, back=back)
    (versions / f"{revision}.py").write_text(code, encoding="utf-8")
