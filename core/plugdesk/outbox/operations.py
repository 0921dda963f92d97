"""Putting messages into the outbox, taking them back, and settling what nobody knows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import SYSTEM, Actor
from plugdesk.db import possible_id
from plugdesk.db.database import wake
from plugdesk.errors import NotFound, Refused
from plugdesk.events.operations import record
from plugdesk.i18n import gettext, lazy_gettext, shown, stored
from plugdesk.outbox.models import OutboxEntry
from plugdesk.tickets.access import lock_ticket
from plugdesk.tickets.models import Message
from plugdesk.tickets.saying import moment_on

if TYPE_CHECKING:
    from plugdesk.site import Site

#: The job that sends what is due.
DELIVER = "outbox.deliver"


def queue(site: Site, session: Session, message: Message) -> OutboxEntry:
    """Queue a saved message; it leaves when its undo window ends."""
    now = site.clock.now()
    entry = OutboxEntry(
        message_id=message.id,
        account_id=message.account_id,
        send_after=now + timedelta(seconds=site.config.undo_seconds),
        changed_at=now,
    )
    session.add(entry)
    wake(session, DELIVER)
    return entry


def cancel(session: Session, message_id: int, now: datetime) -> None:
    """Take a queued message back. Raises NotFound, or Refused once it may have left."""
    entry = _locked_entry(session, message_id)
    if entry.state != "queued":
        raise Refused(gettext("It is too late to undo: the reply is on its way."))
    entry.state = "cancelled"
    entry.changed_at = now


def resolve_unknown(
    site: Site, session: Session, actor: Actor, message_id: int, *, sent: bool
) -> None:
    """Record an agent's decision about a message of which nobody knows whether it left.

    Raises NotFound, NotAllowed, or Refused when it is not unknown any more.
    """
    message, entry = _for_decision(session, actor, message_id)
    if entry.state != "unknown":
        raise Refused(gettext("This is settled already."))
    entry.state = "accepted" if sent else "failed"
    entry.detail = stored(lazy_gettext("decided by an agent"))
    entry.changed_at = site.clock.now()
    record_outcome(site, session, actor, message, entry)


def send_again(site: Site, session: Session, actor: Actor, message_id: int) -> None:
    """Queue a failed or unknown message once more, because an agent says so.

    It keeps its Message-ID, so that a mail client shows two copies of it as one message.
    Raises NotFound, NotAllowed, or Refused.
    """
    _message, entry = _for_decision(session, actor, message_id)
    if entry.state not in ("failed", "unknown"):
        raise Refused(gettext("Only a reply that failed or may be lost can be sent again."))
    now = site.clock.now()
    entry.state = "queued"
    entry.send_after = now
    entry.attempts = 0
    entry.detail = ""
    entry.changed_at = now
    wake(session, DELIVER)


def _for_decision(session: Session, actor: Actor, message_id: int) -> tuple[Message, OutboxEntry]:
    message = session.get(Message, possible_id(message_id))
    if message is None:
        raise NotFound(gettext("There is no such reply."))
    ticket = lock_ticket(session, actor, message.ticket_id)
    ticket.version += 1
    return message, _locked_entry(session, message_id)


def lock_for_outcome(session: Session, entry_id: int) -> tuple[Message, OutboxEntry]:
    """Return a message and its entry, locked in the order in which everybody locks them.

    The ticket comes first: who took the entry first would block one who holds the ticket.
    """
    message_id = session.scalars(
        select(OutboxEntry.message_id).where(OutboxEntry.id == entry_id)
    ).one()
    message = session.get_one(Message, message_id)
    lock_ticket(session, SYSTEM, message.ticket_id)
    return message, _locked_entry(session, message_id)


def _locked_entry(session: Session, message_id: int) -> OutboxEntry:
    entry = session.scalar(
        select(OutboxEntry)
        .where(OutboxEntry.message_id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if entry is None:
        raise NotFound(gettext("There is no such reply."))
    return entry


#: The event that each final state of a reply is recorded as.
_OUTCOMES = {"accepted": "message_sent", "failed": "message_failed", "unknown": "message_unknown"}


def record_outcome(
    site: Site, session: Session, actor: Actor, message: Message, entry: OutboxEntry
) -> None:
    """Record the final state that a reply has just reached."""
    ticket = lock_ticket(session, SYSTEM, message.ticket_id)
    ticket.version += 1
    record(
        session,
        _OUTCOMES[entry.state],
        actor,
        moment_on(ticket, site.clock.now()),
        ticket_id=message.ticket_id,
        message_id=message.id,
        data={"detail": shown(entry.detail)},
    )
