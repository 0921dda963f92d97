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
from plugdesk.i18n import stored
from plugdesk.outbox.composing import compose
from plugdesk.outbox.evidence import COPY_FOUND
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
    """Do both for what waits; return how many entries were dealt with.

    Account by account, so that one whose server is away holds up no other.
    """
    with site.db.read() as session:
        active = select(Account.id).where(Account.state == "active").order_by(Account.id)
        ids = session.scalars(active).all()
    return sum(_settle_unknown(site, number) + _keep_copies(site, number) for number in ids)


def _settle_unknown(site: Site, account_id: int) -> int:
    settled = 0
    for entry_id in _waiting(site, account_id, "unknown"):
        try:
            _account, channel = open_account(site, account_id)
            found = channel.was_sent(_outgoing(site, entry_id))
        except Exception as error:
            _complain(entry_id, "No evidence", error)
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
        entry.detail = stored(COPY_FOUND)
        entry.copy_kept = True
        entry.changed_at = site.clock.now()
        record_outcome(site, session, SYSTEM, message, entry)


def _keep_copies(site: Site, account_id: int) -> int:
    kept = 0
    for entry_id in _waiting(site, account_id, "accepted"):
        try:
            _account, channel = open_account(site, account_id)
            channel.keep_copy(_outgoing(site, entry_id))
        except Exception as error:
            _complain(entry_id, "No copy", error)
            continue
        with site.db.write() as session:
            session.get_one(OutboxEntry, entry_id).copy_kept = True
        kept += 1
    return kept


def _complain(entry_id: int, what: str, error: Exception) -> None:
    """Note trouble of a channel, at more length when it is not one that it foresaw."""
    foreseen = isinstance(error, PlugdeskError | OSError)
    level = logging.INFO if foreseen else logging.ERROR
    _logger.log(
        level, "%s of outbox entry %d yet: %s", what, entry_id, error,
        exc_info=None if foreseen else error,
    )  # fmt: skip


def _waiting(site: Site, account_id: int, state: str) -> list[int]:
    with site.db.read() as session:
        query = (
            select(OutboxEntry.id)
            .where(
                OutboxEntry.account_id == account_id,
                OutboxEntry.state == state,
                ~OutboxEntry.copy_kept,
                OutboxEntry.changed_at > site.clock.now() - LOOK_FOR,
            )
            .order_by(OutboxEntry.id)
            .limit(BATCH)
        )
        return list(session.scalars(query))


def _outgoing(site: Site, entry_id: int) -> OutgoingMessage:
    with site.db.read() as session:
        entry = session.get_one(OutboxEntry, entry_id)
        return compose(site, session, session.get_one(Message, entry.message_id))
