"""Finding work that nobody was woken for, because a process or the queue was lost.

Only reads, and wakes those whose work it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from plugdesk.events import delivery
from plugdesk.intake.models import JournalEntry
from plugdesk.jobs import handlers
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
    if _exists(session, _to_send(now)):
        yield handlers.OUTBOX_DELIVER
    if _exists(session, _to_settle()):
        yield handlers.OUTBOX_SETTLE
    if delivery.has_work(site, session):
        yield handlers.EVENTS_DELIVER


def _exists(session: Session, query: Select[int]) -> bool:
    return session.scalar(query.limit(1)) is not None


def _journaled(now: datetime) -> Select[int]:
    due = or_(JournalEntry.retry_at.is_(None), JournalEntry.retry_at <= now)
    return select(JournalEntry.id).where(JournalEntry.state == "new", due)


def _to_send(now: datetime) -> Select[int]:
    due = and_(OutboxEntry.state.in_(("queued", "deferred")), OutboxEntry.send_after <= now)
    lost = and_(OutboxEntry.state == "sending", OutboxEntry.lease_until <= now)
    return select(OutboxEntry.id).where(or_(due, lost))


def _to_settle() -> Select[int]:
    uncopied = and_(OutboxEntry.state == "accepted", OutboxEntry.copy_kept.is_(False))
    return select(OutboxEntry.id).where(or_(OutboxEntry.state == "unknown", uncopied))
