"""Replies and conversations that agents begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.contract.addresses import Address
from plugdesk.contract.tickets import Actor, Change
from plugdesk.db import possible_id
from plugdesk.errors import NotAllowed, NotFound, Outdated, Refused
from plugdesk.events.operations import record
from plugdesk.i18n import gettext
from plugdesk.markup.compose import html_from_text
from plugdesk.markup.sanitize import sanitize
from plugdesk.outbox.models import OutboxEntry
from plugdesk.outbox.operations import cancel, queue
from plugdesk.people.operations import find_or_create
from plugdesk.people.queries import person_infos
from plugdesk.tickets.access import lock_ticket
from plugdesk.tickets.changes import LONGEST_SUBJECT, apply_change, clean_line
from plugdesk.tickets.counting import put, recount
from plugdesk.tickets.drafts import NewTicket, ReplyDraft, Upload
from plugdesk.tickets.models import Message, StoredAttachment, Ticket, TicketPerson
from plugdesk.tickets.references import header_domain, new_header_id
from plugdesk.tickets.saying import (
    address_dicts,
    checked_text,
    moment_on,
    said,
    snippet,
    store_uploads,
    stored_addresses,
)

if TYPE_CHECKING:
    from plugdesk.site import Site

#: How many earlier messages a reply names in References; the first one is always among them.
LONGEST_CHAIN = 12


def reply(site: Site, session: Session, actor: Actor, ticket_id: int, draft: ReplyDraft) -> Message:
    """Queue a reply; it can be undone until its undo window ends.

    Raises NotFound, NotAllowed, Outdated when the ticket has something newer than
    `draft.seen_version`, or Refused.
    """
    text = checked_text(draft.text)
    html = sanitize(draft.html) if draft.html else html_from_text(text)
    ticket = lock_ticket(session, actor, ticket_id)
    existing = _sent_before(session, actor, draft.client_key, ticket.id)
    if existing is not None:
        return existing
    if draft.seen_version is not None and ticket.said_version > draft.seen_version:
        raise Outdated(
            gettext("Something new was said here meanwhile. Read it, then send your reply.")
        )
    message = Message(
        ticket_id=ticket.id,
        account_id=ticket.account_id,
        direction="outgoing",
        to=address_dicts(draft.to or _default_recipients(session, ticket)),
        cc=address_dicts(draft.cc or (() if draft.to else _in_copy(session, ticket.id))),
        bcc=address_dicts(draft.bcc),
        subject=_reply_subject(ticket.subject),
        text=text,
        html=html,
        has_html=True,
        references=_reference_chain(session, ticket.id),
        client_key=draft.client_key or None,
    )
    _save(site, session, actor, ticket, message, draft.files)
    if draft.status_after is not None:
        apply_change(site, session, actor, ticket, Change(status=draft.status_after))
    return message


def new_ticket(site: Site, session: Session, actor: Actor, new: NewTicket) -> Ticket:
    """Begin a conversation with a customer. Raises NotAllowed or Refused."""
    if not actor.can_write:
        raise NotAllowed(gettext("You can read tickets here, but not write to customers."))
    if not new.to:
        raise Refused(gettext("Say to whom: there is no recipient."))
    text = checked_text(new.text)
    html = sanitize(new.html) if new.html else html_from_text(text)
    # Locked, so that the same form sent twice at once is seen to be the same.
    account = session.get(Account, possible_id(new.account_id), with_for_update={"key_share": True})
    if account is None:
        raise Refused(gettext("Choose the account from which to write."))
    existing = _sent_before(session, actor, new.client_key)
    if existing is not None:
        return session.get_one(Ticket, existing.ticket_id)
    now = site.clock.now()
    requester = find_or_create(session, now, new.to[0].address, new.to[0].name)
    ticket = Ticket(
        subject=clean_line(new.subject, LONGEST_SUBJECT),
        account_id=account.id,
        team_id=account.team_id,
        assignee_id=actor.person_id,
        requester_id=requester.id,
        created_at=now,
        activity_at=now,
    )
    session.add(ticket)
    session.flush()
    session.add(TicketPerson(ticket_id=ticket.id, person_id=requester.id, standing="requester"))
    for address in (*new.to[1:], *new.cc):
        person = find_or_create(session, now, address.address, address.name)
        if session.get(TicketPerson, (ticket.id, person.id)) is None:
            session.add(TicketPerson(ticket_id=ticket.id, person_id=person.id, standing="copied"))
            session.flush()
    data = {"subject": ticket.subject, "account_id": account.id}
    record(session, "ticket_created", actor, now, ticket_id=ticket.id, data=data)
    message = Message(
        ticket_id=ticket.id,
        account_id=account.id,
        direction="outgoing",
        to=address_dicts(new.to),
        cc=address_dicts(new.cc),
        subject=ticket.subject,
        text=text,
        html=html,
        has_html=True,
        client_key=new.client_key or None,
    )
    _save(site, session, actor, ticket, message, new.files)
    return ticket


def undo_reply(site: Site, session: Session, actor: Actor, message_id: int) -> ReplyDraft:
    """Take a reply back before it leaves, and return it as a draft.

    Raises NotFound, NotAllowed, or Refused when it is too late.
    """
    message = session.get(Message, possible_id(message_id))
    if message is None or message.direction != "outgoing":
        raise NotFound(gettext("There is no such reply."))
    ticket = lock_ticket(session, actor, message.ticket_id)
    cancel(session, message.id, site.clock.now())
    files = session.scalars(
        select(StoredAttachment)
        .where(StoredAttachment.message_id == message.id)
        .order_by(StoredAttachment.id)
    ).all()
    made_from_text = message.html == html_from_text(message.text)
    draft = ReplyDraft(
        text=message.text,
        html="" if made_from_text else message.html,
        to=stored_addresses(message.to),
        cc=stored_addresses(message.cc),
        bcc=stored_addresses(message.bcc),
        files=tuple(
            Upload(
                name=file.name,
                content_type=file.content_type,
                content=site.blobs.get(file.blob_hash),
            )
            for file in files
        ),
    )
    message.client_key = None
    session.flush()
    recount(session, ticket)
    ticket.version += 1
    if ticket.message_count == 0:
        put(site, session, actor, ticket, "trash")
    record(
        session,
        "message_cancelled",
        actor,
        moment_on(ticket, site.clock.now()),
        ticket_id=ticket.id,
        message_id=message.id,
    )
    return draft


def _save(
    site: Site,
    session: Session,
    actor: Actor,
    ticket: Ticket,
    message: Message,
    uploads: Sequence[Upload],
) -> None:
    files = store_uploads(site.blobs, uploads)
    now = moment_on(ticket, site.clock.now())
    account = session.get_one(Account, ticket.account_id)
    message.person_id = actor.person_id
    message.author_plugin = actor.plugin
    message.sender_address = account.address
    message.sender_name = account.name
    message.created_at = now
    message.header_id = new_header_id(site.keys, ticket.id, header_domain(account.address))
    message.thread_rule = "written_here"
    session.add(message)
    session.flush()
    for file in files:
        file.message_id = message.id
        session.add(file)
    said(ticket, now)
    ticket.snippet = snippet(message.text)
    ticket.message_count += 1
    ticket.has_attachments = ticket.has_attachments or bool(files)
    queue(site, session, message)
    record(session, "message_queued", actor, now, ticket_id=ticket.id, message_id=message.id)


def _sent_before(
    session: Session, actor: Actor, client_key: str, ticket_id: int | None = None
) -> Message | None:
    """Return what the same form sent before; Refused when its key was used for something else."""
    if not client_key:
        return None
    message = session.scalar(select(Message).where(Message.client_key == client_key))
    if message is None:
        return None
    author = (message.person_id, message.author_plugin)
    if author != (actor.person_id, actor.plugin) or ticket_id not in (None, message.ticket_id):
        raise Refused(gettext("This form was sent before. Load the page again."))
    return message


def _default_recipients(session: Session, ticket: Ticket) -> tuple[Address, ...]:
    person = person_infos(session, [ticket.requester_id]).get(ticket.requester_id or 0)
    if person is None or not person.address:
        raise Refused(
            gettext("Nobody can say for certain who wrote this. Enter the address to reply to.")
        )
    return (Address(person.name, person.address),)


def _in_copy(session: Session, ticket_id: int) -> tuple[Address, ...]:
    copied = session.scalars(
        select(TicketPerson.person_id)
        .where(TicketPerson.ticket_id == ticket_id, TicketPerson.standing == "copied")
        .order_by(TicketPerson.person_id)
    ).all()
    people = person_infos(session, copied)
    infos = [people[number] for number in copied if people[number].address]
    return tuple(Address(info.name, info.address) for info in infos)


def _reply_subject(subject: str) -> str:
    return subject if subject[:3].casefold() == "re:" else f"Re: {subject}".rstrip()


def _reference_chain(session: Session, ticket_id: int) -> list[str]:
    taken_back = select(OutboxEntry.message_id).where(OutboxEntry.state == "cancelled")
    ids = session.scalars(
        select(Message.header_id)
        .where(Message.ticket_id == ticket_id, Message.header_id != "")
        .where(Message.id.not_in(taken_back))
        .order_by(Message.id)
    ).all()
    chain = list(dict.fromkeys(ids))
    return chain if len(chain) <= LONGEST_CHAIN else [chain[0], *chain[-LONGEST_CHAIN + 1 :]]
