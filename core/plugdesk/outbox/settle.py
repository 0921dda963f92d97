"""The job that looks for evidence about unknown messages, and files copies of accepted ones."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from plugdesk.accounts.models import Account
from plugdesk.accounts.operations import open_account
from plugdesk.contract.tickets import SYSTEM
from plugdesk.errors import PlugdeskError
from plugdesk.outbox.composing import compose
from plugdesk.outbox.models import OutboxEntry
from plugdesk.outbox.operations import lock_for_outcome, record_outcome
from plugdesk.tickets.models import Message

if TYPE_CHECKING:
    from plugdesk.contract.messages import OutgoingMessage
    from plugdesk.site import Site

BATCH = 20
#: For how long a provider's own copy of an unknown message is looked for.
LOOK_FOR = timedelta(days=2)
_logger = logging.getLogger(__name__)


def run(site: Site) -> int:
    """Do both for what waits; return how many entries were dealt with."""
    return _settle_unknown(site) + _keep_copies(site)


def _settle_unknown(site: Site) -> int:
    settled = 0
    for entry_id, account_id, outgoing in _waiting(site, "unknown"):
        try:
            _account, channel = open_account(site, account_id)
            found = channel.was_sent(outgoing)
        except (PlugdeskError, OSError) as error:
            _logger.info("No evidence for outbox entry %d yet: %s", entry_id, error)
            continue
        if found:
            _accept(site, entry_id)
            settled += 1
    return settled


def _accept(site: Site, entry_id: int) -> None:
    with site.db.write() as session:
        message, entry = lock_for_outcome(session, entry_id)
        if entry.state != "unknown":
            return
        entry.state = "accepted"
        entry.detail = "copy found"
        entry.copy_kept = True
        entry.changed_at = site.clock.now()
        record_outcome(site, session, SYSTEM, message, entry)


def _keep_copies(site: Site) -> int:
    kept = 0
    for entry_id, account_id, outgoing in _waiting(site, "accepted"):
        try:
            _account, channel = open_account(site, account_id)
            channel.keep_copy(outgoing)
        except (PlugdeskError, OSError) as error:
            _logger.info("No copy of outbox entry %d was kept: %s", entry_id, error)
            continue
        with site.db.write() as session:
            session.get_one(OutboxEntry, entry_id).copy_kept = True
        kept += 1
    return kept


def _waiting(site: Site, state: str) -> list[tuple[int, int, OutgoingMessage]]:
    with site.db.read() as session:
        rows = session.execute(
            select(OutboxEntry.id, Message)
            .join(Message, Message.id == OutboxEntry.message_id)
            .join(Account, Account.id == OutboxEntry.account_id)
            .where(
                OutboxEntry.state == state,
                ~OutboxEntry.copy_kept,
                OutboxEntry.changed_at > site.clock.now() - LOOK_FOR,
                Account.state == "active",
            )
            .order_by(OutboxEntry.id)
            .limit(BATCH)
        ).all()
        return [(number, row.account_id, compose(site, session, row)) for number, row in rows]
