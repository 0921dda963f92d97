"""Making a visible message out of an understood one, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.contract.messages import Automatic, IncomingMessage
from plugdesk.contract.tickets import SYSTEM, Actor, ActorKind, Assignment, Role
from plugdesk.db import possible_id
from plugdesk.events.operations import record
from plugdesk.i18n import stored
from plugdesk.intake.models import JournalEntry
from plugdesk.intake.placing import Placement, ancestors, place
from plugdesk.outbox.evidence import settle_by_answer, settle_by_bounce
from plugdesk.people.models import Agent, Person, Team
from plugdesk.people.operations import find_or_create
from plugdesk.tickets.access import lock_ticket
from plugdesk.tickets.changes import LONGEST_SUBJECT, clean_line
from plugdesk.tickets.handing_back import can_be_assigned
from plugdesk.tickets.infos import ticket_info
from plugdesk.tickets.models import Message, StoredAttachment, Ticket, TicketPerson
from plugdesk.tickets.saying import address_dicts, clean_file_name, moment_on, said, snippet

if TYPE_CHECKING:
    from plugdesk.site import Site

#: How many persons in copy of one message become suggestions.
MOST_SUGGESTIONS = 20
_LONGEST_HEADER_ID = 998


def receive(
    site: Site,
    session: Session,
    entry: JournalEntry,
    message: IncomingMessage,
    blobs: Sequence[str],
) -> Message:
    """Place and save a message; `blobs` names its attachments' bytes, in their order.

    Raises IntegrityError when another worker made the same message visible meanwhile.
    """
    placement = place(site, session, entry.account_id, message)
    sender = _sender(site, session, message)
    actor = _actor(sender)
    if placement.ticket_id is None:
        ticket = _new_ticket(site, session, entry, message, sender, actor)
    else:
        ticket = lock_ticket(session, SYSTEM, placement.ticket_id)
    now = moment_on(ticket, site.clock.now())
    row = _save(session, entry, message, ticket, placement, sender)
    row.created_at = now
    session.flush()
    _attach(site, session, row, message, blobs)
    _join(site, session, ticket, message, sender)
    said(ticket, now)
    ticket.snippet = snippet(message.text)
    ticket.message_count += 1
    data = {"automatic": message.automatic.value, "thread_rule": placement.rule}
    record(
        session, "message_received", actor, now, ticket_id=ticket.id, message_id=row.id, data=data
    )
    _settle(site, session, entry.account_id, message)
    _reopen(site, session, ticket, message, actor)
    return row


def _sender(site: Site, session: Session, message: IncomingMessage) -> Person | None:
    if message.sender is None or not message.sender_certain:
        return None
    return find_or_create(session, site.clock.now(), message.sender.address, message.sender.name)


def _actor(sender: Person | None) -> Actor:
    return Actor(kind=ActorKind.CUSTOMER, person_id=None if sender is None else sender.id)


def _new_ticket(
    site: Site,
    session: Session,
    entry: JournalEntry,
    message: IncomingMessage,
    sender: Person | None,
    actor: Actor,
) -> Ticket:
    now = site.clock.now()
    account = session.get_one(Account, entry.account_id)
    ticket = Ticket(
        subject=clean_line(message.subject, LONGEST_SUBJECT),
        place="spam" if message.spam_reasons else "inbox",
        account_id=account.id,
        requester_id=None if sender is None else sender.id,
        created_at=now,
        activity_at=now,
    )
    session.add(ticket)
    session.flush()
    if sender is not None:
        session.add(TicketPerson(ticket_id=ticket.id, person_id=sender.id, standing="requester"))
    data = {
        "subject": ticket.subject,
        "account_id": account.id,
        "spam_reasons": list(message.spam_reasons),
    }
    record(session, "ticket_created", actor, now, ticket_id=ticket.id, data=data)
    _assign(site, session, ticket, account)
    return ticket


def _assign(site: Site, session: Session, ticket: Ticket, account: Account) -> None:
    def possible(_plugin: str, answer: object) -> bool:
        return isinstance(answer, Assignment) and _exists(session, answer)

    answer = site.hooks.first(
        "assign_ticket", session=session, accept=possible, ticket=ticket_info(session, ticket)
    )
    assignment = Assignment(team_id=account.team_id) if answer is None else answer[1]
    ticket.assignee_id = assignment.agent_id
    ticket.team_id = assignment.team_id


def _exists(session: Session, assignment: Assignment) -> bool:
    """Whether agent and team of a plugin's answer can be given tickets."""
    agent_id, team_id = assignment.agent_id, assignment.team_id
    if agent_id is not None:
        agent = session.get(Agent, possible_id(agent_id))
        if agent is None or not agent.active or agent.role == Role.OBSERVER:
            return False
    return team_id is None or session.get(Team, possible_id(team_id)) is not None


def _save(
    session: Session,
    entry: JournalEntry,
    message: IncomingMessage,
    ticket: Ticket,
    placement: Placement,
    sender: Person | None,
) -> Message:
    row = Message(
        ticket_id=ticket.id,
        account_id=entry.account_id,
        direction="incoming",
        person_id=None if sender is None else sender.id,
        sender_name=message.sender.name if message.sender else "",
        sender_address=message.sender.address if message.sender else "",
        sender_certain=message.sender_certain and message.sender is not None,
        to=address_dicts(message.to),
        cc=address_dicts(message.cc),
        reply_to=address_dicts(message.reply_to),
        subject=clean_line(message.subject, LONGEST_SUBJECT),
        header_id=message.message_id[:_LONGEST_HEADER_ID],
        references=list(reversed(ancestors(message))),
        thread_index=message.thread_index[:44],
        automatic=message.automatic.value,
        sent_at=message.sent_at,
        content_hash=entry.content_hash,
        thread_rule=placement.rule,
        thread_evidence=placement.evidence,
        defects=list(message.defects),
        reports=[_report(report) for report in message.reports],
        quote_start=message.quote_start,
        text=message.text,
        has_html=bool(message.html),
        html=message.html,
    )
    session.add(row)
    return row


def _report(report: object) -> dict[str, object]:
    names = ("recipient", "status", "diagnostic", "failed", "original_message_id")
    return {name: getattr(report, name) for name in names}


def _attach(
    site: Site,
    session: Session,
    row: Message,
    message: IncomingMessage,
    blobs: Sequence[str],
) -> None:
    refusals: list[str] = []
    for attachment, blob in zip(message.attachments, blobs, strict=True):
        refused = site.hooks.ask("scan_attachment", session=session, attachment=attachment)
        if refused:
            refusals += [stored(f"{attachment.name}: {sentence}") for _, sentence in refused]
            continue
        session.add(
            StoredAttachment(
                message_id=row.id,
                name=clean_file_name(attachment.name),
                content_type=attachment.content_type[:255],
                size=len(attachment.content),
                blob_hash=blob,
                content_id=attachment.content_id[:998],
                inline=attachment.inline,
            )
        )
    if refusals:
        row.defects = [*row.defects, *refusals]
    if any(not attachment.inline for attachment in message.attachments):
        session.get_one(Ticket, row.ticket_id).has_attachments = True


def _join(
    site: Site,
    session: Session,
    ticket: Ticket,
    message: IncomingMessage,
    sender: Person | None,
) -> None:
    """Note who is new on the ticket, as suggestions: an agent decides who is written to."""
    if message.automatic is Automatic.BOUNCE:
        return
    own = set(session.scalars(select(Account.address)))
    copied = [
        find_or_create(session, site.clock.now(), address.address, address.name)
        for address in (*message.to, *message.cc)[:MOST_SUGGESTIONS]
        if address.address not in own and _without_detail(address.address) not in own
    ]
    persons = copied if sender is None else [sender, *copied]
    for person in dict.fromkeys(persons):
        if session.get(TicketPerson, (ticket.id, person.id)) is None:
            session.add(
                TicketPerson(ticket_id=ticket.id, person_id=person.id, standing="suggested")
            )
            session.flush()


def _without_detail(address: str) -> str:
    """Return an address without its part from `+` on, which carries our references (RFC 5233)."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _settle(site: Site, session: Session, account_id: int, message: IncomingMessage) -> None:
    if message.automatic is Automatic.BOUNCE:
        settle_by_bounce(site, session, account_id, message.reports)
    else:
        settle_by_answer(site, session, account_id, ancestors(message))


def _reopen(
    site: Site, session: Session, ticket: Ticket, message: IncomingMessage, actor: Actor
) -> None:
    """Bring a ticket back when a person writes; machines do not wake anybody."""
    if message.automatic in (Automatic.AUTO_REPLY, Automatic.BOUNCE):
        return
    changes: dict[str, list[object]] = {}
    if ticket.status != "open":
        changes["status"] = [ticket.status, "open"]
        ticket.status = "open"
        if ticket.assignee_id and not can_be_assigned(session, ticket.assignee_id):
            changes["assignee_id"] = [ticket.assignee_id, None]
            ticket.assignee_id = None
    if ticket.place == "trash":
        changes["place"] = ["trash", "inbox"]
        ticket.place = "inbox"
    if changes:
        now = moment_on(ticket, site.clock.now())
        record(
            session, "ticket_changed", actor, now, ticket_id=ticket.id, data={"changes": changes}
        )
