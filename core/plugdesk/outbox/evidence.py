"""What shows, after the fact, whether a message left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.contract.messages import DeliveryReport, IncomingMessage
from plugdesk.contract.tickets import SYSTEM
from plugdesk.i18n import lazy_gettext, stored
from plugdesk.outbox.models import OutboxEntry
from plugdesk.outbox.operations import record_outcome
from plugdesk.tickets.models import Message

if TYPE_CHECKING:
    from plugdesk.site import Site


ANSWERED = lazy_gettext("answered")
COPY_FOUND = lazy_gettext("copy found")


def settle_by_answer(
    site: Site, session: Session, account_id: int, header_ids: Sequence[str]
) -> None:
    """An answer names Message-IDs: those of ours among them have arrived."""
    for message, entry in _entries(session, account_id, header_ids):
        if entry.state == "unknown":
            entry.state = "accepted"
            entry.detail = stored(ANSWERED)
            entry.changed_at = site.clock.now()
            record_outcome(site, session, SYSTEM, message, entry)


def settle_by_bounce(
    site: Site, session: Session, account_id: int, reports: Sequence[DeliveryReport]
) -> None:
    """A bounce names one of our Message-IDs: it has left, and did not reach these recipients."""
    for report in reports:
        if not report.failed or not report.original_message_id:
            continue
        for message, entry in _entries(session, account_id, [report.original_message_id]):
            entry.refused = entry.refused | {report.recipient: report.diagnostic or report.status}
            if entry.state in ("sending", "unknown", "accepted"):
                entry.state = "failed"
                entry.detail = report.diagnostic or report.status
                entry.changed_at = site.clock.now()
                record_outcome(site, session, SYSTEM, message, entry)


def own_copy(
    site: Site, session: Session, account: Account, incoming: IncomingMessage
) -> Message | None:
    """Return our own message of which a mailbox we read holds a copy, which proves that it left.

    Somebody else's message that merely borrows our Message-ID differs in its sender or its
    text, and is no copy: nothing may vanish that way.
    """
    sender = incoming.sender if incoming.sender_certain else None
    if sender is None or sender.address != account.address:
        return None
    for message, entry in _entries(session, account.id, [incoming.message_id]):
        if _same_words(message.text, incoming.text):
            if entry.state == "unknown":
                entry.state = "accepted"
                entry.detail = stored(COPY_FOUND)
                entry.changed_at = site.clock.now()
                record_outcome(site, session, SYSTEM, message, entry)
            return message
    return None


def _same_words(ours: str, theirs: str) -> bool:
    return theirs.split()[: len(ours.split())] == ours.split()


def _entries(
    session: Session, account_id: int, header_ids: Sequence[str]
) -> list[tuple[Message, OutboxEntry]]:
    if not header_ids:
        return []
    rows = session.execute(
        select(Message, OutboxEntry)
        .join(OutboxEntry, OutboxEntry.message_id == Message.id)
        .where(Message.account_id == account_id, Message.header_id.in_(header_ids))
    )
    return [(row[0], row[1]) for row in rows]
