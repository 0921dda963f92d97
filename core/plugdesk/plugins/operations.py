"""Switching plugins on and off, in every process of the site without a restart."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete
from sqlalchemy.orm import Session

from plugdesk.db.guests import DeskSession
from plugdesk.errors import PlugdeskError, PluginError
from plugdesk.events.models import EventCursor, EventFailure
from plugdesk.events.sequencer import last_position
from plugdesk.i18n import gettext
from plugdesk.jobs.models import JobRun
from plugdesk.plugins import migrations, preflight, rows
from plugdesk.plugins.loading import Loaded
from plugdesk.plugins.models import HeldHook, PluginRow
from plugdesk.settings.models import SettingsRow
from plugdesk.traces import describe

if TYPE_CHECKING:
    from plugdesk.site import Site

_logger = logging.getLogger(__name__)


def check(site: Site, name: str) -> None:
    """Try a plugin in a process of its own; changes nothing. Raises PluginError."""
    _usable(site, name)
    preflight.run(name)


def enable(site: Site, name: str, *, tried: bool = False) -> None:
    """Switch a plugin on: try it, make its tables, tell it, and let every process know.

    `tried` says that the caller has just had it checked. The plugin receives events from now on.
    Raises PluginError with the reason; the site is then as it was before.
    """
    loaded = _usable(site, name)
    if site.plugins.is_enabled(name):
        return
    if not tried:
        preflight.run(name)
    with _changing(site, loaded) as (connection, session):
        row = session.get(PluginRow, name)
        if row is None or not row.enabled:
            _make_tables(connection, loaded)
            site.hooks.own(name, "plugin_enabled", session)
            _listen_from_now(session, name)
            rows.clear_holds(session, name)
            rows.save_switch(session, name, loaded.found.version, on=True)
    _refresh(site)
    site.plugins.failures.forget(name)


def disable(site: Site, name: str) -> None:
    """Switch a plugin off; its data stays. Raises PluginError when nobody knows it.

    What the plugin does wrong in `plugin_disabled` is logged and keeps nobody from it.
    """
    state = site.plugins.state(name)
    if not state.switched_on:
        return
    with site.db.write() as session:
        try:
            site.hooks.own(name, "plugin_disabled", session)
        except PluginError:
            _logger.exception("The plugin %s was switched off all the same.", name)
        rows.clear_holds(session, name)
        rows.save_switch(session, name, state.version, on=False)
    _refresh(site)
    site.plugins.failures.forget(name)


def retry(site: Site, name: str, hook: str | None = None) -> None:
    """Call held hooks of a plugin, or one of them, again. Raises PluginError."""
    site.plugins.state(name)
    with site.db.write() as session:
        rows.clear_holds(session, name, hook)
    _refresh(site)
    site.plugins.failures.forget(name, hook)


def delete_data(site: Site, name: str) -> None:
    """Remove a plugin's tables, settings and place in the log. It has to be off.

    Raises PluginError with the reason, and nothing is deleted then.
    """
    if site.plugins.state(name).switched_on:
        msg = gettext(
            "The plugin %(plugin)s is on. Switch it off before you delete its data.",
            plugin=repr(name),
        )
        raise PluginError(msg)
    loaded = _usable(site, name)
    others = [state.name for state in site.plugins.states() if state.name != name]
    with _changing(site, loaded) as (connection, session):
        if loaded.history is not None:
            migrations.remove(connection, name, loaded.history, others)
        session.execute(delete(EventFailure).where(EventFailure.plugin == name))
        session.execute(delete(EventCursor).where(EventCursor.plugin == name))
        session.execute(delete(HeldHook).where(HeldHook.plugin == name))
        session.execute(delete(SettingsRow).where(SettingsRow.scope == name))
        own_jobs = JobRun.name.startswith(f"{name}.", autoescape=True)
        session.execute(delete(JobRun).where(own_jobs))
        session.execute(delete(PluginRow).where(PluginRow.name == name))
        rows.move_generation(session)
    _refresh(site)


def upgrade_tables(site: Site) -> list[str]:
    """Bring the tables of all plugins that are switched on up to their installed code.

    For `plugdesk upgrade`. Returns the names of the plugins whose tables were behind. Raises
    PluginError at the first that fails; those before it are done.
    """
    done = []
    for state in site.plugins.states():
        loaded = site.plugins.loaded(state.name)
        if not state.switched_on or loaded is None or loaded.history is None:
            continue
        if migrations.is_current(site.db, loaded.history):
            continue
        with _changing(site, loaded) as (connection, session):
            _make_tables(connection, loaded)
            rows.save_switch(session, state.name, state.version, on=True)
        done.append(state.name)
    _refresh(site)
    return done


def _usable(site: Site, name: str) -> Loaded:
    state, loaded = site.plugins.state(name), site.plugins.loaded(name)
    if loaded is None:
        sentence = gettext("The plugin %(plugin)s cannot be used.", plugin=repr(name))
        msg = f"{sentence} {state.reason}"
        raise PluginError(msg)
    return loaded


@contextmanager
def _changing(site: Site, loaded: Loaded) -> Iterator[tuple[Connection, Session]]:
    """One transaction for a plugin's tables and rows, while no other process does the same."""
    from plugdesk.db import migrate

    try:
        with (
            migrate.exclusively(site.db) as connection,
            DeskSession(connection, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield connection, session
    except (PlugdeskError, KeyboardInterrupt):
        raise
    except BaseException as error:
        name = loaded.found.name
        sentence = gettext(
            "The plugin %(plugin)s could not be changed; all is as before.", plugin=repr(name)
        )
        msg = f"{sentence}\n{describe(error)}"
        raise PluginError(msg) from error


def _make_tables(connection: Connection, loaded: Loaded) -> None:
    if loaded.history is not None:
        migrations.upgrade(connection, loaded.found.name, loaded.history)


def _listen_from_now(session: Session, name: str) -> None:
    cursor = session.get(EventCursor, name) or EventCursor(plugin=name)
    cursor.position = last_position(session)
    cursor.attempts = 0
    cursor.retry_at = None
    session.add(cursor)


def _refresh(site: Site) -> None:
    with site.db.read() as session:
        site.plugins.refresh(session)
