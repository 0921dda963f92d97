"""The job that sends what is due: each message leaves at most once.

A message is claimed in a transaction of its own (`sending`, with a lease), handed to the channel
outside any transaction, and its outcome committed. What dies in between leaves `sending` behind;
when its lease ends, that becomes `unknown`: it may have left, so it does not leave again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.accounts.operations import fetch_failed, open_account
from plugdesk.clock import has_come
from plugdesk.contract.messages import OutgoingMessage, Sent, SentState
from plugdesk.contract.tickets import SYSTEM
from plugdesk.db.database import wake
from plugdesk.errors import (
    ChannelSignedOut,
    ChannelUnavailable,
    ConfigError,
    PlugdeskError,
    PluginError,
    Refused,
)
from plugdesk.i18n import lazy_gettext, stored
from plugdesk.jobs.leases import has_ended, new_owner
from plugdesk.outbox.composing import compose
from plugdesk.outbox.models import OutboxEntry
from plugdesk.outbox.operations import lock_for_outcome, record_outcome
from plugdesk.tickets.infos import ticket_info
from plugdesk.tickets.models import Message, Ticket

if TYPE_CHECKING:
    from plugdesk.site import Site

#: Waiting between attempts at a deferred message, in seconds (RFC 5321, 4.5.4.1: retry, give up
#: after 4-5 days). Greylisting wants some minutes.
WAITS = (60, 300, 900, 1800, 3600, 7200)
LONGEST_WAIT = timedelta(seconds=WAITS[-1])
GIVE_UP_AFTER = timedelta(days=4)
#: The job that files copies and looks for evidence.
SETTLE = "outbox.settle"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that this worker, and no other, may hand over now."""

    entry_id: int
    account_id: int
    owner: str
    message: OutgoingMessage


def run(site: Site) -> int:
    """Send what is due; return how many messages were handed to a channel."""
    expire_leases(site)
    sent = 0
    for entry_id in _due(site):
        claimed = _claim_or_defer(site, entry_id)
        if claimed is not None:
            _finish(site, claimed, _hand_over(site, claimed))
            sent += 1
    return sent


def expire_leases(site: Site) -> int:
    """Call `unknown` what a worker was sending when it vanished; return how many.

    A worker of this machine is seen to be gone at once; for others their lease has to end.
    """
    now = site.clock.now()
    with site.db.read() as session:
        sending = session.scalars(select(OutboxEntry).where(OutboxEntry.state == "sending"))
        late = [entry.id for entry in sending if _is_lost(site, entry, now)]
    return sum(_expire(site, entry_id, now) for entry_id in late)


def _expire(site: Site, entry_id: int, now: datetime) -> bool:
    with site.db.write() as session:
        message, entry = lock_for_outcome(session, entry_id)
        if entry.state != "sending" or not _is_lost(site, entry, now):
            return False
        entry.state = "unknown"
        entry.detail = stored(lazy_gettext("The worker that was sending it ended."))
        entry.changed_at = now
        record_outcome(site, session, SYSTEM, message, entry)
        return True


def _is_lost(site: Site, entry: OutboxEntry, now: datetime) -> bool:
    if has_ended(entry.lease_owner) or entry.lease_until is None:
        return True
    remaining = entry.lease_until - now
    # One that lies further ahead than a lease is long was given by a clock since put back.
    return not timedelta(0) < remaining <= timedelta(seconds=site.config.lease_seconds)


def _due(site: Site) -> list[int]:
    now = site.clock.now()
    with site.db.read() as session:
        query = (
            select(OutboxEntry.id)
            .join(Account, Account.id == OutboxEntry.account_id)
            .where(
                OutboxEntry.state.in_(("queued", "deferred")),
                has_come(OutboxEntry.send_after, now, LONGEST_WAIT),
                Account.state == "active",
            )
            .order_by(OutboxEntry.send_after, OutboxEntry.id)
        )
        return list(session.scalars(query))


def _claim_or_defer(site: Site, entry_id: int) -> Claimed | None:
    """Claim a message; one that cannot even be put together must not hold up the others."""
    try:
        return _claim(site, entry_id)
    except PlugdeskError as error:
        _logger.exception("Outbox entry %d cannot be put together", entry_id)
        sent = Sent(state=SentState.DEFERRED, detail=error.sentence)
        with site.db.write() as session:
            message, entry = lock_for_outcome(session, entry_id)
            if entry.state in ("queued", "deferred"):
                entry.attempts += 1
                _settle(site, session, message, entry, sent)
        return None


def _claim(site: Site, entry_id: int) -> Claimed | None:
    """Take the right to send, or None when another worker was faster or it was taken back."""
    now = site.clock.now()
    owner = new_owner()
    with site.db.write() as session:
        won = session.execute(
            update(OutboxEntry)
            .where(
                OutboxEntry.id == entry_id,
                OutboxEntry.state.in_(("queued", "deferred")),
                has_come(OutboxEntry.send_after, now, LONGEST_WAIT),
            )
            .values(
                state="sending",
                attempts=OutboxEntry.attempts + 1,
                lease_owner=owner,
                lease_until=now + timedelta(seconds=site.config.lease_seconds),
                changed_at=now,
            )
            .returning(OutboxEntry.id)
        ).first()
        if won is None:
            return None
        entry = session.get_one(OutboxEntry, entry_id)
        return Claimed(
            entry_id=entry_id,
            account_id=entry.account_id,
            owner=owner,
            message=_outgoing(site, session, entry),
        )


def _outgoing(site: Site, session: Session, entry: OutboxEntry) -> OutgoingMessage:
    row = session.get_one(Message, entry.message_id)
    ticket = session.get_one(Ticket, row.ticket_id)
    original = compose(site, session, row)
    changed: OutgoingMessage = site.hooks.chain(
        "message_outgoing",
        "message",
        original,
        session=session,
        ticket=ticket_info(session, ticket),
    )
    return with_fixed_parts(changed, original)


def with_fixed_parts(changed: OutgoingMessage, original: OutgoingMessage) -> OutgoingMessage:
    """Return what a plugin changed, with everything that it may not change put back."""
    return replace(
        changed,
        message_id=original.message_id,
        sender=original.sender,
        to=original.to,
        cc=original.cc,
        bcc=original.bcc,
        in_reply_to=original.in_reply_to,
        references=original.references,
    )


def _hand_over(site: Site, claimed: Claimed) -> Sent:
    try:
        _account, channel = open_account(site, claimed.account_id)
        return channel.send(claimed.message)
    except ChannelUnavailable as error:
        return Sent(state=SentState.DEFERRED, detail=error.sentence)
    except ChannelSignedOut as error:
        fetch_failed(site, claimed.account_id, error)
        return Sent(state=SentState.DEFERRED, detail=error.sentence)
    except (ConfigError, PluginError, Refused) as error:  # before anything left
        return Sent(state=SentState.DEFERRED, detail=error.sentence)
    except Exception as error:
        _logger.exception("Sending outbox entry %d raised", claimed.entry_id)
        return Sent(state=SentState.UNKNOWN, detail=f"{type(error).__name__}: {error}")


def _finish(site: Site, claimed: Claimed, sent: Sent) -> None:
    with site.db.write() as session:
        message, entry = lock_for_outcome(session, claimed.entry_id)
        if _still_ours(entry, claimed):
            _settle(site, session, message, entry, sent)


def _settle(site: Site, session: Session, message: Message, entry: OutboxEntry, sent: Sent) -> None:
    now = site.clock.now()
    entry.state = sent.state.value
    entry.detail = stored(sent.detail)
    entry.refused = {recipient: stored(reason) for recipient, reason in sent.refused.items()}
    entry.changed_at = now
    entry.lease_until = None
    if sent.state is SentState.DEFERRED:
        _defer(entry, message, now)
    if entry.state != "deferred":
        record_outcome(site, session, SYSTEM, message, entry)
        wake(session, SETTLE)


def _still_ours(entry: OutboxEntry, claimed: Claimed) -> bool:
    """Whether the outcome is still news: our lease may have ended while we were sending."""
    return entry.lease_owner == claimed.owner and entry.state in ("sending", "unknown")


def _defer(entry: OutboxEntry, message: Message, now: datetime) -> None:
    # One that waited for its account, or is sent again by an agent, gets its attempts all the same.
    if now - message.created_at > GIVE_UP_AFTER and entry.attempts >= len(WAITS):
        entry.state = "failed"
        return
    wait = WAITS[max(0, min(entry.attempts, len(WAITS)) - 1)]
    entry.send_after = now + timedelta(seconds=wait)
