"""What the database knows about plugins, and the generation that tells others to look again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, delete, inspect, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.plugins.models import HeldHook, PluginRow
from plugdesk.plugins.states import HookHold
from plugdesk.settings.models import Counter

_GENERATION = "plugins"
_READ_GENERATION = select(Counter.value).where(Counter.name == _GENERATION)


class Known(NamedTuple):
    """What the database says, read at one generation."""

    generation: int
    switched_on: dict[str, bool]
    versions: dict[str, str]
    holds: dict[tuple[str, str], HookHold]


NOTHING_KNOWN = Known(-1, {}, {}, {})


def generation(session: Session) -> int:
    """Return the number that moves with every change to the plugins."""
    return session.scalar(_READ_GENERATION) or 0


def move_generation(session: Session) -> None:
    """Have every process look again once this transaction is committed."""
    step = update(Counter).where(Counter.name == _GENERATION).values(value=Counter.value + 1)
    done = session.execute(step, execution_options={"synchronize_session": False})
    if cast("CursorResult[Any]", done).rowcount:
        return
    try:
        with session.begin_nested():
            session.add(Counter(name=_GENERATION, value=1))
    except IntegrityError:  # another process was the first
        session.execute(step, execution_options={"synchronize_session": False})


def read(session: Session) -> Known:
    """Read everything; nothing is known while the tables do not exist yet."""
    if not inspect(session.connection()).has_table(PluginRow.__tablename__):
        return NOTHING_KNOWN
    # The generation first: what changes meanwhile is then read again.
    number = generation(session)
    rows = session.execute(select(PluginRow.name, PluginRow.enabled, PluginRow.version)).all()
    held = session.execute(select(HeldHook.plugin, HeldHook.hook, HeldHook.error, HeldHook.at))
    return Known(
        number,
        {name: enabled for name, enabled, _version in rows},
        {name: version for name, _enabled, version in rows},
        {
            (plugin, hook): HookHold(hook=hook, error=error, at=at)
            for plugin, hook, error, at in held
        },
    )


def save_switch(session: Session, name: str, version: str, *, on: bool) -> None:
    """Note that a plugin was switched on or off."""
    row = session.get(PluginRow, name) or PluginRow(name=name, held_reason="")
    row.enabled = on
    row.version = version or row.version or ""
    session.add(row)
    session.flush()
    move_generation(session)


def save_hold(session: Session, plugin: str, hold: HookHold) -> None:
    """Note that a hook is not to be called until somebody retries it."""
    with suppress(IntegrityError), session.begin_nested():  # another process may have said so
        session.add(HeldHook(plugin=plugin, hook=hold.hook, error=hold.error, at=hold.at))
    move_generation(session)


def clear_holds(session: Session, plugin: str, hook: str | None = None) -> None:
    """Let held hooks of a plugin, or one of them, be called again."""
    query = delete(HeldHook).where(HeldHook.plugin == plugin)
    session.execute(query if hook is None else query.where(HeldHook.hook == hook))
    move_generation(session)
