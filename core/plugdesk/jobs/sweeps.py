"""Finding work that nobody was woken for, because a process or the queue was lost.

Only reads, and wakes those whose work it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from plugdesk.clock import has_come
from plugdesk.events import delivery
from plugdesk.intake import process as intake
from plugdesk.intake.models import JournalEntry
from plugdesk.jobs import handlers
from plugdesk.outbox import delivery as outbox
from plugdesk.outbox.models import OutboxEntry

if TYPE_CHECKING:
    from plugdesk.site import Site


def run(site: Site) -> frozenset[str]:
    """Wake every job that has something to do; returns their names.

    Accounts need no sweep: a worker that lives watches them (`jobs.watch`).
    """
    with site.db.read() as session:
        found = frozenset(_due(site, session, site.clock.now()))
    site.jobs.wake_many(found)
    return found


def _due(site: Site, session: Session, now: datetime) -> Iterator[str]:
    if _exists(session, _journaled(now)):
        yield handlers.INTAKE_PROCESS
    if _exists(session, _to_send(site, now)):
        yield handlers.OUTBOX_DELIVER
    if _exists(session, _to_settle()):
        yield handlers.OUTBOX_SETTLE
    if delivery.has_work(site, session):
        yield handlers.EVENTS_DELIVER


def _exists(session: Session, query: Select[int]) -> bool:
    return session.scalar(query.limit(1)) is not None


def _journaled(now: datetime) -> Select[int]:
    retry = has_come(JournalEntry.retry_at, now, intake.LONGEST_WAIT)
    due = or_(JournalEntry.retry_at.is_(None), retry)
    return select(JournalEntry.id).where(JournalEntry.state == "new", due)


def _to_send(site: Site, now: datetime) -> Select[int]:
    waiting = OutboxEntry.state.in_(("queued", "deferred"))
    lease = timedelta(seconds=site.config.lease_seconds)
    due = and_(waiting, has_come(OutboxEntry.send_after, now, outbox.LONGEST_WAIT))
    lost = and_(OutboxEntry.state == "sending", has_come(OutboxEntry.lease_until, now, lease))
    return select(OutboxEntry.id).where(or_(due, lost))


def _to_settle() -> Select[int]:
    uncopied = and_(OutboxEntry.state == "accepted", OutboxEntry.copy_kept.is_(False))
    return select(OutboxEntry.id).where(or_(OutboxEntry.state == "unknown", uncopied))
