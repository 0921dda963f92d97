"""How far each plugin has read the log."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.clock import has_come
from plugdesk.contract.events import Event
from plugdesk.events.models import EventCursor, EventFailure
from plugdesk.events.sequencer import last_position

logger = logging.getLogger(__name__)
#: Seconds to wait after the first, second … failed attempt at an event; then it is set aside.
PAUSES = (2.0, 10.0, 60.0)
_LONGEST_PAUSE = timedelta(seconds=max(PAUSES))


def subscribe(session: Session, plugin: str) -> None:
    """Let a plugin read the log from its present end on; one that reads already goes on there."""
    if session.get(EventCursor, plugin) is None:
        with suppress(IntegrityError), session.begin_nested():
            session.add(EventCursor(plugin=plugin, position=last_position(session)))


def unsubscribed(session: Session, plugins: Iterable[str]) -> list[str]:
    """Return those of `plugins` that have no cursor yet."""
    known = set(session.scalars(select(EventCursor.plugin)))
    return [plugin for plugin in plugins if plugin not in known]


def behind(session: Session, plugins: Iterable[str], now: datetime) -> list[str]:
    """Return those of `plugins` that have events to read and need not wait for a retry."""
    query = select(EventCursor.plugin).where(
        EventCursor.position < last_position(session),
        or_(EventCursor.retry_at.is_(None), has_come(EventCursor.retry_at, now, _LONGEST_PAUSE)),
    )
    waiting = set(session.scalars(query))
    return [plugin for plugin in plugins if plugin in waiting]


def may_try(cursor: EventCursor, now: datetime) -> bool:
    """Tell whether the next event may be handed over now, or a retry has to wait."""
    retry_at = cursor.retry_at
    return retry_at is None or not now < retry_at <= now + _LONGEST_PAUSE


def lock(session: Session, plugin: str, *, skip: bool = False) -> EventCursor | None:
    """Return a plugin's cursor, locked until the transaction ends.

    With `skip`, None while another process works on it.
    """
    query = select(EventCursor).where(EventCursor.plugin == plugin)
    return session.scalar(query.with_for_update(skip_locked=skip))


def move(session: Session, plugin: str, position: int) -> None:
    """Note that a plugin has dealt with everything up to a position."""
    _set(session, plugin, position=position, attempts=0, retry_at=None)


def note_failure(
    session: Session, cursor: EventCursor, event: Event, error: str, now: datetime
) -> float | None:
    """Note a failed attempt at `event`; `cursor` is as it was before the batch.

    Returns the seconds until the next attempt, or None when the event was set aside.
    """
    before = event.position - 1
    attempts = cursor.attempts + 1 if cursor.position == before else 1
    logger.warning(
        "%s failed at event %d (%s), attempt %d.", cursor.plugin, event.id, event.kind, attempts
    )
    if attempts > len(PAUSES):
        session.merge(EventFailure(plugin=cursor.plugin, event_id=event.id, error=error, at=now))
        move(session, cursor.plugin, event.position)
        return None
    pause = PAUSES[attempts - 1]
    retry_at = now + timedelta(seconds=pause)
    _set(session, cursor.plugin, position=before, attempts=attempts, retry_at=retry_at)
    return pause


def _set(session: Session, plugin: str, **values: object) -> None:
    # By statement: a plugin's rollback would undo what is pending in the session.
    session.execute(
        update(EventCursor).where(EventCursor.plugin == plugin).values(**values),
        execution_options={"synchronize_session": False},
    )
