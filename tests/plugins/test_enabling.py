"""Switching plugins on and off: tried first, whole or not at all, seen by every process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from plugdesk.contract.tickets import SYSTEM
from plugdesk.errors import PluginError
from plugdesk.events.models import EventCursor
from plugdesk.events.operations import record
from plugdesk.events.sequencer import number
from plugdesk.plugins import operations, preflight
from plugdesk.plugins.settings import save_settings
from plugdesk.plugins.states import State
from plugdesk.settings.models import SettingsRow
from plugdesk.site import Site
from plugdesk.testing.plugins import refresh, state_of
from sqlalchemy import inspect, text

if TYPE_CHECKING:
    from plugdesk.testing.plugins import Sites

LINK = "@hookimpl\ndef navigation(): return NavItem(label='{}', url='/')\n"
MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision = "{revision}"
down_revision = {down}
def upgrade():
    {up}
def downgrade():
    {back}
"""
FIRST = MIGRATION.format(
    revision="one",
    down=None,
    up="op.create_table('sms_number', sa.Column('id', sa.Integer, primary_key=True),"
    " sa.Column('digits', sa.String(20)))",
    back="op.drop_table('sms_number')",
)
SECOND = MIGRATION.format(
    revision="two",
    down="'one'",
    up="op.create_table('sms_sent', sa.Column('id', sa.Integer, primary_key=True))\n"
    "    with op.batch_alter_table('sms_number') as number:\n"
    "        number.add_column(sa.Column('country', sa.String(2)))",
    back="op.drop_table('sms_sent')\n"
    "    with op.batch_alter_table('sms_number') as number:\n"
    "        number.drop_column('country')",
)
TABLES = {"migrations/versions/one.py": FIRST, "migrations/versions/two.py": SECOND}


def tables(site: Site) -> set[str]:
    """Return the names of all tables."""
    with site.db.read() as session:
        return set(inspect(session.connection()).get_table_names())


def everything(site: Site) -> tuple[set[str], list[Any], frozenset[str]]:
    """Return what must be the same after a failure as it was before."""
    rows: list[Any] = []
    with site.db.read() as session:
        for table in ("plugin", "held_hook", "event_cursor", "counter", "settings", "tag"):
            rows.extend(session.execute(text(f"SELECT * FROM {table}")).all())
    return tables(site), rows, site.plugins.enabled()


@contextmanager
def second_process(sites: Sites) -> Iterator[Any]:
    """Another process with the same site; ask it which plugins are on and what they answer."""
    script = Path(__file__).parent / "second_process.py"
    folder, shelf = str(sites.config.folder), str(sites.shelf.folder)
    with subprocess.Popen(
        [sys.executable, str(script), folder, sites.config.database_url, shelf],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        orders, answers = process.stdin, process.stdout
        assert orders is not None
        assert answers is not None

        def ask() -> Any:
            print("look", file=orders, flush=True)
            return json.loads(answers.readline())

        yield ask
        orders.close()
        assert process.wait(10) == 0


def test_a_second_running_process_sees_every_change(both: Sites) -> None:
    """Enabling, disabling, holds and retries reach a real process that never restarts."""
    both.shelf.put("sms", LINK.format("SMS"))
    both.shelf.put("bad", "@hookimpl\ndef navigation(): return 1 / 0")
    site = both.open()
    with second_process(both) as ask:
        assert ask() == {"enabled": [], "links": [], "held": []}
        operations.enable(site, "sms", tried=True)
        assert ask() == {"enabled": ["sms"], "links": ["SMS"], "held": []}
        operations.enable(site, "bad", tried=True)
        for _ in range(5):
            site.hooks.ask("navigation")
        site.hooks.close()
        assert ask() == {"enabled": ["bad", "sms"], "links": ["SMS"], "held": ["bad.navigation"]}
        operations.retry(site, "bad")
        operations.disable(site, "sms")
        assert ask() == {"enabled": ["bad"], "links": [], "held": []}


def test_refresh_reads_one_row_and_tells_whether_anything_moved(both: Sites) -> None:
    """It is cheap enough for every request."""
    both.shelf.put("sms", LINK.format("SMS"))
    site, other = both.open(), both.open()
    assert not refresh(other)
    operations.enable(site, "sms", tried=True)
    assert site.plugins.is_enabled("sms")
    assert not other.plugins.is_enabled("sms")
    assert refresh(other)
    assert other.plugins.is_enabled("sms")
    assert not refresh(other)


def test_enabling_twice_is_enabling_once(sites: Sites) -> None:
    """What is on stays on; `plugin_enabled` is called when it is switched on."""
    sites.shelf.put(
        "sms",
        "from plugdesk.tickets.models import Tag\n@hookimpl\n"
        "def plugin_enabled(): desk.session.add(Tag(name='hello'))",
    )
    site, other = sites.open(), sites.open()
    operations.enable(site, "sms")
    operations.enable(site, "sms")
    operations.enable(other, "sms")
    assert state_of(site, "sms").state is State.ENABLED
    with site.db.read() as session:
        assert session.scalars(text("SELECT name FROM tag")).all() == ["hello"]


def test_a_new_plugin_gets_only_new_events(both: Sites) -> None:
    """Its cursor starts at the present end of the log, also when it is switched on again."""
    both.shelf.put("sms", "")
    site = both.open()

    def events(count: int) -> None:
        with site.db.write() as session:
            for _ in range(count):
                record(session, "stepped", SYSTEM, both.clock.now())
        with site.db.write() as session:
            number(session)

    def position() -> int | None:
        with site.db.read() as session:
            cursor = session.get(EventCursor, "sms")
            return None if cursor is None else cursor.position

    events(3)
    operations.enable(site, "sms", tried=True)
    assert position() == 3
    operations.disable(site, "sms")
    events(2)
    operations.enable(site, "sms", tried=True)
    assert position() == 5


FAILING = {
    "exits": ("import os\nif 'preflight' in ' '.join(sys.argv): os._exit(3)", "ended with code 3"),
    "import": ("if 'preflight' in ' '.join(sys.argv): raise ValueError('not here')", "not here"),
    "prints": (
        "if 'preflight' in ' '.join(sys.argv): print('{}'); raise ValueError('loud')",
        "loud",
    ),
    "told": ("@hookimpl\ndef plugin_enabled(): raise ValueError('not today')", "not today"),
    "told and exits": ("@hookimpl\ndef plugin_enabled(): raise SystemExit('bye')", "bye"),
    "told and commits": (
        "@hookimpl\ndef plugin_enabled(): desk.session.commit()",
        "may not commit",
    ),
}


@pytest.mark.parametrize(("code", "reason"), FAILING.values(), ids=FAILING)
def test_a_plugin_that_cannot_be_enabled_leaves_the_site_as_it_was(
    both: Sites, code: str, reason: str
) -> None:
    """Neither tables nor rows nor the generation remain, and the error says why."""
    both.shelf.put("sms", f"import sys\n{code}", files=TABLES)
    site = both.open()
    before = everything(site)
    with pytest.raises(PluginError, match=reason):
        operations.enable(site, "sms")
    assert everything(site) == before
    assert state_of(site, "sms").state is State.OFF


@pytest.mark.parametrize(
    ("up", "reason"),
    [
        ("op.create_table('other', sa.Column('id', sa.Integer))", "start with 'sms_'"),
        ("op.create_table('sms_a', sa.Column('i', sa.Integer)); 1 / 0", "ZeroDivisionError"),
        ("op.drop_table('held_hook')", "held_hook"),
        ("op.create_table('sms_a', sa.Column('i', sa.Integer)); op.execute('COMMIT')", "may not"),
        ("raise SystemExit('stop')", "stop"),
    ],
)
def test_a_migration_that_fails_leaves_the_site_as_it_was(
    both: Sites, up: str, reason: str
) -> None:
    """A plugin's tables are its own, and are made in the transaction that switches it on."""
    script = MIGRATION.format(revision="one", down=None, up=up, back="pass")
    both.shelf.put("sms", "", files={"migrations/versions/one.py": script})
    site = both.open()
    before = everything(site)
    with pytest.raises(PluginError, match=reason):
        operations.enable(site, "sms", tried=True)
    assert everything(site) == before


def test_a_plugins_tables_come_and_go_to_nothing(both: Sites) -> None:
    """They have a version table of their own; disabling keeps them; deleting leaves nothing."""
    both.shelf.put(
        "sms",
        "from sqlalchemy import text\n@hookimpl\ndef plugin_enabled():\n"
        "    desk.session.execute(text(\"INSERT INTO sms_number VALUES (1, '42', 'KR')\"))",
        files=TABLES,
    )
    both.shelf.put("sms_extra", "", files={
        "migrations/versions/one.py": MIGRATION.format(
            revision="one", down=None,
            up="op.create_table('sms_extra_thing', sa.Column('id', sa.Integer))",
            back="op.drop_table('sms_extra_thing')",
        ),
    })  # fmt: skip
    site = both.open()
    before = tables(site)
    operations.enable(site, "sms_extra", tried=True)
    others = tables(site)
    operations.enable(site, "sms", tried=True)
    assert tables(site) - others == {"sms_number", "sms_sent", "alembic_version_sms"}
    with pytest.raises(PluginError, match="Switch it off"):
        operations.delete_data(site, "sms")
    operations.disable(site, "sms")
    with site.db.read() as session:
        assert session.scalar(text("SELECT digits FROM sms_number")) == "42"
    operations.delete_data(site, "sms")
    assert tables(site) == others
    operations.disable(site, "sms_extra")
    operations.delete_data(site, "sms_extra")
    assert tables(site) == before


def test_deleting_removes_settings_cursor_and_row(sites: Sites) -> None:
    """Nothing of the plugin is left in the desk's own tables."""
    sites.shelf.put(
        "sms",
        "from pydantic import BaseModel\nclass Settings(BaseModel):\n    number: str = ''\n"
        "@hookimpl\ndef settings(): return Settings",
    )
    site = sites.open()
    operations.enable(site, "sms", tried=True)
    with site.db.write() as session:
        save_settings(site, session, "sms", {"number": "42"})
    operations.disable(site, "sms")
    operations.delete_data(site, "sms")
    with site.db.read() as session:
        assert session.get(SettingsRow, "sms") is None
        assert session.get(EventCursor, "sms") is None
        assert session.scalar(text("SELECT count(*) FROM plugin")) == 0


def test_tables_that_a_downgrade_forgets_stop_the_deletion(both: Sites) -> None:
    """A half-deleted plugin would be worse than one that stays."""
    script = MIGRATION.format(
        revision="one", down=None,
        up="op.create_table('sms_a', sa.Column('id', sa.Integer))", back="pass",
    )  # fmt: skip
    both.shelf.put("sms", "", files={"migrations/versions/one.py": script})
    site = both.open()
    operations.enable(site, "sms", tried=True)
    operations.disable(site, "sms")
    before = everything(site)
    with pytest.raises(PluginError, match="do not remove sms_a"):
        operations.delete_data(site, "sms")
    assert everything(site) == before


def test_new_code_with_old_tables_is_held_until_the_upgrade(both: Sites) -> None:
    """After an upgrade of its distribution a plugin rests until its tables fit."""
    module = both.shelf.put("sms", LINK.format("SMS"), files={"migrations/versions/one.py": FIRST})
    site = both.open()
    operations.enable(site, "sms", tried=True)
    (both.shelf.folder / module / "migrations/versions/two.py").write_text(SECOND)
    upgraded = both.open()
    assert state_of(upgraded, "sms").state is State.HELD
    assert "plugdesk upgrade" in state_of(upgraded, "sms").reason
    assert upgraded.hooks.ask("navigation") == []
    assert operations.upgrade_tables(upgraded) == ["sms"]
    assert operations.upgrade_tables(upgraded) == []
    assert state_of(upgraded, "sms").state is State.ENABLED
    assert "sms_sent" in tables(upgraded)


def test_what_cannot_be_used_cannot_be_enabled(sites: Sites) -> None:
    """Held, incompatible and unknown plugins are refused with their reasons."""
    sites.shelf.put("broken", "1 / 0")
    sites.shelf.put("old", "", requires=("plugdesk<0.1",))
    site = sites.open()
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        operations.enable(site, "broken")
    with pytest.raises(PluginError, match=r"It needs Plugdesk <0\.1"):
        operations.check(site, "old")
    for operation in (operations.enable, operations.disable, operations.retry, operations.check):
        with pytest.raises(PluginError, match="There is no plugin named 'nobody'"):
            operation(site, "nobody")


def test_checking_changes_nothing(sites: Sites) -> None:
    """`plugins check` tries the plugin in a process of its own and leaves it off."""
    sites.shelf.put("sms", "print('hello')", files=TABLES)
    site = sites.open()
    before = everything(site)
    operations.check(site, "sms")
    assert everything(site) == before


def test_preflight_ends_a_plugin_that_hangs(sites: Sites) -> None:
    """An import that never ends is refused when its time is up."""
    sites.shelf.put(
        "hang", "import sys, time\nif 'preflight' in ' '.join(sys.argv): time.sleep(60)"
    )
    with pytest.raises(PluginError, match="was not ready after 1 seconds"):
        preflight.run("hang", seconds=1.4)


def test_safe_mode_loads_no_plugin(sites: Sites) -> None:
    """Not even one that is switched on; its row stays, and it is back without safe mode."""
    module = sites.shelf.put("sms", LINK.format("SMS"))
    sites.with_plugins("sms")
    del sys.modules[module]
    site = sites.open(safe_mode=True)
    assert module not in sys.modules
    assert site.hooks.ask("navigation") == []
    state = state_of(site, "sms")
    assert (state.state, state.switched_on) == (State.OFF, True)
    assert state.reason == "Safe mode: no plugin is loaded."
    with pytest.raises(PluginError, match="Safe mode"):
        operations.enable(site, "sms")
    operations.disable(site, "sms")
    assert sites.open().plugins.enabled() == frozenset()


@pytest.mark.parametrize(
    ("code", "requires", "reason"),
    [
        ("1 / 0", "plugdesk", "bad: The plugin .bad. could not be imported"),
        ("", "plugdesk<0.1", "bad: It needs Plugdesk <0.1"),
    ],
)
def test_strict_mode_refuses_to_start(sites: Sites, code: str, requires: str, reason: str) -> None:
    """In CI a plugin that does not load is an error that names it; otherwise it is held."""
    sites.shelf.put("good", "")
    assert sites.open(strict=True).plugins.states()
    sites.shelf.put("bad", code, requires=(requires,))
    with pytest.raises(PluginError, match=reason):
        sites.open(strict=True)
    assert sites.open().plugins.state("good").state is State.OFF


def test_a_plugin_that_was_uninstalled_is_missing(sites: Sites) -> None:
    """Its row says that it is wanted; the owner can switch it off."""
    sites.shelf.put("sms", LINK.format("SMS"))
    sites.with_plugins("sms")
    sites.shelf.remove("plugdesk-sms")
    site = sites.open()
    state = state_of(site, "sms")
    assert (state.state, state.switched_on, state.version) == (State.MISSING, True, "1.2")
    operations.disable(site, "sms")
    assert not state_of(site, "sms").switched_on
    with pytest.raises(PluginError, match="is not installed any more"):
        operations.delete_data(site, "sms")


def test_a_site_without_tables_has_no_plugins_on(sites: Sites, tmp_path: Path) -> None:
    """Opening a site before its first migration works; later refreshes see the tables."""
    sites.shelf.put("sms", LINK.format("SMS"))
    site = sites.open(database=f"sqlite:///{tmp_path / 'empty.db'}")
    assert site.plugins.enabled() == frozenset()
    assert not refresh(site)
