"""Letting a plugin read the past again, or for the first time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from plugdesk.db.database import wake
from plugdesk.events import cursors, sequencer
from plugdesk.events.models import EventFailure, EventRow
from plugdesk.events.operations import DELIVER

if TYPE_CHECKING:
    from plugdesk.site import Site


def replay(site: Site, plugin: str, since: int | datetime) -> int:
    """Hand a plugin all events again from a position, or from a moment, on.

    Those that it may have seen before are marked as replayed; new ones follow them in order.
    Events of that time that were set aside are tried anew. Returns how many will be replayed.
    """
    with site.db.write() as session:
        while sequencer.number(session):
            pass
        cursors.subscribe(session, plugin)
        cursor = cursors.lock(session, plugin)
        if cursor is None:
            return 0
        first = since if isinstance(since, int) else _first_since(session, since)
        start = min(max(first - 1, 0), cursor.position)
        reached = max(cursor.position, cursor.replay_until)
        cursor.replay_until = reached
        cursors.move(session, plugin, start)
        _forget_failures(session, plugin, start)
        wake(session, DELIVER)
        return reached - start


def _first_since(session: Session, moment: datetime) -> int:
    query = select(func.min(EventRow.position)).where(EventRow.at >= moment)
    return session.scalar(query) or sequencer.last_position(session) + 1


def _forget_failures(session: Session, plugin: str, after: int) -> None:
    later = select(EventRow.id).where(EventRow.position > after)
    session.execute(
        delete(EventFailure).where(EventFailure.plugin == plugin, EventFailure.event_id.in_(later)),
        execution_options={"synchronize_session": False},
    )
