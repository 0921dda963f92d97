"""Items that could not be understood: listed, shown raw, tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.contract.tickets import Actor
from plugdesk.db.base import BIGGEST_ID, possible_id
from plugdesk.db.database import wake
from plugdesk.errors import NotAllowed, NotFound
from plugdesk.i18n import gettext, shown
from plugdesk.intake.journal import PROCESS
from plugdesk.intake.models import JournalEntry

if TYPE_CHECKING:
    from plugdesk.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineEntry:
    """One item in quarantine."""

    id: int
    account: str
    place: str
    size: int
    received_at: datetime | None
    journaled_at: datetime
    attempts: int
    reason: str
    detail: str


def entries(
    session: Session, *, before: int | None = None, limit: int = 50
) -> list[QuarantineEntry]:
    """Return items in quarantine, newest first; `before` is the id of the last one seen."""
    query = (
        select(JournalEntry, Account.name)
        .join(Account, Account.id == JournalEntry.account_id)
        .where(JournalEntry.state == "quarantined")
        .order_by(JournalEntry.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(JournalEntry.id < min(before, BIGGEST_ID))
    return [_entry(row, account) for row, account in session.execute(query)]


def count(session: Session) -> int:
    """Return how many items are in quarantine."""
    query = select(func.count()).where(JournalEntry.state == "quarantined")
    return session.scalars(query.select_from(JournalEntry)).one()


def raw(site: Site, session: Session, actor: Actor, entry_id: int) -> bytes:
    """Return an item's bytes. Raises NotAllowed or NotFound."""
    return site.blobs.get(_get(session, actor, entry_id).content_hash)


def retry(session: Session, actor: Actor, ids: Sequence[int]) -> int:
    """Have items tried again, and return how many; no `ids` means all.

    Raises NotAllowed.
    """
    _check(actor)
    query = select(JournalEntry).where(JournalEntry.state == "quarantined")
    if ids:
        query = query.where(JournalEntry.id.in_([possible_id(number) for number in ids]))
    chosen = session.scalars(query).all()
    for entry in chosen:
        entry.state = "new"
        entry.attempts = 0
        entry.retry_at = None
    if chosen:
        wake(session, PROCESS)
    return len(chosen)


def _get(session: Session, actor: Actor, entry_id: int) -> JournalEntry:
    _check(actor)
    entry = session.get(JournalEntry, possible_id(entry_id))
    if entry is None:
        raise NotFound(gettext("There is no such item in the journal."))
    return entry


def _check(actor: Actor) -> None:
    if not actor.can_manage:
        raise NotAllowed(gettext("Only an owner may open the quarantine."))


def _entry(row: JournalEntry, account: str) -> QuarantineEntry:
    return QuarantineEntry(
        id=row.id,
        account=account,
        place=row.place,
        size=row.size,
        received_at=row.received_at,
        journaled_at=row.journaled_at,
        attempts=row.attempts,
        reason=shown(row.reason),
        detail=row.detail,
    )
