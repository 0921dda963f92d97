"""Which ticket a message belongs to, with the receipt that says why (DESIGN.md, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.contract.messages import Automatic, IncomingMessage
from plugdesk.db import possible_id
from plugdesk.tickets.models import Message, Ticket
from plugdesk.tickets.references import ReplyReference, find_reference, header_domain

if TYPE_CHECKING:
    from plugdesk.site import Site

#: How many Message-IDs of one message are looked up; the nearest ancestors come first.
MOST_REFERENCES = 50


@dataclass(frozen=True, slots=True)
class Placement:
    """A ticket, the rule that found it, and what the rule went by."""

    ticket_id: int | None
    rule: str
    evidence: str


def place(site: Site, session: Session, account_id: int, message: IncomingMessage) -> Placement:
    """Find the ticket of a message; without proof it begins a new one.

    In order: our own signed reference, Message-IDs known within the same account, what plugins
    answer, Outlook's Thread-Index. A number in the subject is no proof (case S10).
    """
    return (
        _by_reference(site, session, message)
        or _by_message_id(session, account_id, message)
        or _by_plugin(site, session, account_id, message)
        or _by_thread_index(session, account_id, message)
        or Placement(None, "new_ticket", "")
    )


def ancestors(message: IncomingMessage) -> list[str]:
    """Return the Message-IDs that a message answers, nearest first."""
    reported = [report.original_message_id for report in message.reports]
    chain = [*message.in_reply_to, *reversed(message.references), *reported]
    return [name for name in dict.fromkeys(chain) if name][:MOST_REFERENCES]


def _by_reference(site: Site, session: Session, message: IncomingMessage) -> Placement | None:
    addresses = [address.address for address in (*message.to, *message.cc)]
    texts = [*ancestors(message), *message.delivered_to, *addresses]
    reference = find_reference(site.keys, texts)
    ticket = None if reference is None else session.get(Ticket, reference.ticket_id)
    if reference is None or ticket is None:
        return None
    bounced = message.automatic is Automatic.BOUNCE
    rule = "bounce" if bounced else "reply_reference"
    now_on = _ticket_of_reply(session, ticket, reference)
    return Placement(now_on or ticket.id, rule, reference.found_in)


def _ticket_of_reply(session: Session, ticket: Ticket, reference: ReplyReference) -> int | None:
    """Return where the reply that carried a reference is: an agent may have moved it."""
    address = session.scalars(select(Account.address).where(Account.id == ticket.account_id)).one()
    header_id = f"{reference.token}@{header_domain(address)}"
    return session.scalar(
        select(Message.ticket_id)
        .where(Message.account_id == ticket.account_id, Message.header_id == header_id)
        .where(Message.direction == "outgoing")
    )


def _by_message_id(session: Session, account_id: int, message: IncomingMessage) -> Placement | None:
    names = ancestors(message)
    if not names:
        return None
    rows = session.execute(
        select(Message.header_id, Message.ticket_id)
        .where(Message.account_id == account_id, Message.header_id.in_(names))
        .order_by(Message.id.desc())
    )
    # The first to use an id keeps it: one who copies it later would draw its answers (case C7).
    known = {row.header_id: row.ticket_id for row in rows}
    for name in names:
        if name in known:
            return Placement(known[name], "message_id", name)
    return None


def _by_plugin(
    site: Site, session: Session, account_id: int, message: IncomingMessage
) -> Placement | None:
    def same_account(_plugin: str, answer: object) -> bool:
        ticket = session.get(Ticket, possible_id(answer)) if isinstance(answer, int) else None
        return ticket is not None and ticket.account_id == account_id

    found = site.hooks.first(
        "find_ticket",
        session=session,
        accept=same_account,
        message=message,
        account_id=account_id,
    )
    return None if found is None else Placement(int(found[1]), f"plugin:{found[0]}", "")


def _by_thread_index(
    session: Session, account_id: int, message: IncomingMessage
) -> Placement | None:
    if not message.thread_index:
        return None
    ticket_id = session.scalar(
        select(Message.ticket_id)
        .where(Message.account_id == account_id, Message.thread_index == message.thread_index)
        .order_by(Message.id.desc())
        .limit(1)
    )
    if ticket_id is None:
        return None
    return Placement(ticket_id, "thread_index", message.thread_index)
