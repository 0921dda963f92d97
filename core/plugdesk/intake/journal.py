"""Writing raw items down before anybody tries to understand them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.blobs.store import content_hash
from plugdesk.contract.messages import RawItem
from plugdesk.db.database import wake
from plugdesk.i18n import stored
from plugdesk.intake.models import JournalEntry

if TYPE_CHECKING:
    from plugdesk.site import Site

#: The job that turns new entries into messages.
PROCESS = "intake.process"
BATCH_ITEMS = 50
BATCH_BYTES = 8_000_000
_LONGEST_NAME = 400


def batches(items: Iterator[RawItem]) -> Iterator[list[RawItem]]:
    """Group items so that each group is one commit: some fifty, or some megabytes.

    When asking for more fails, what came before the error is still a group: else an account
    that breaks off early each time would never get on.
    """
    error: Exception | None = None
    while error is None:
        batch: list[RawItem] = []
        size = 0
        try:
            for item in islice(items, BATCH_ITEMS):
                batch.append(item)
                size += len(item.raw)
                if size >= BATCH_BYTES:
                    break
        except Exception as failure:
            error = failure
        if batch:
            yield batch
        elif error is None:
            return
    raise error


def write_down(site: Site, account_id: int, batch: Sequence[RawItem]) -> int:
    """Store a batch for good, with the cursor of its last item; return how many were new.

    The bytes are on the disk before the rows that name them, and everything is committed
    before the channel is asked for more.
    """
    site.blobs.put_many([item.raw for item in batch])
    with site.db.write() as session:
        new = _insert(site, session, account_id, batch)
        cursors = [item.cursor for item in batch if item.cursor is not None]
        values: dict[str, object] = {"remaining": batch[-1].remaining}
        if cursors:
            values["cursor"] = cursors[-1]
        session.execute(update(Account).where(Account.id == account_id).values(**values))
        if new:
            wake(session, PROCESS)
    return new


def _insert(site: Site, session: Session, account_id: int, batch: Sequence[RawItem]) -> int:
    insert = postgresql.insert if site.db.dialect == "postgresql" else sqlite.insert
    now = site.clock.now()
    rows = [
        {
            "account_id": account_id,
            "key": _stored_key(item.key),
            "content_hash": content_hash(item.raw),
            "size": len(item.raw),
            "place": item.place[:_LONGEST_NAME],
            "received_at": item.received_at,
            "journaled_at": now,
            "state": "quarantined" if item.problem else "new",
            "reason": stored(item.problem),
            "detail": "",
            "attempts": 0,
        }
        for item in batch
    ]
    statement = (
        insert(JournalEntry)
        .on_conflict_do_nothing(index_elements=["account_id", "key"])
        .returning(JournalEntry.id)
    )
    return len(session.scalars(statement, rows).all())


def _stored_key(key: str) -> str:
    """Return a key as it fits: two keys that differ only at their end stay two."""
    if len(key) <= _LONGEST_NAME:
        return key
    digest = content_hash(key.encode("utf-8", "surrogateescape"))
    return f"{key[: _LONGEST_NAME - len(digest) - 1]}#{digest}"
