"""A site with mailboxes that nobody fetches from: the test hands in the mail.

Mail is written as raw bytes and goes the whole way: journal, parser, threading, ticket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from plugdesk.accounts import operations as accounts
from plugdesk.clock import FrozenClock
from plugdesk.contract.messages import RawItem
from plugdesk.contract.tickets import SYSTEM, Actor, ActorKind, Role
from plugdesk.events.models import EventRow
from plugdesk.intake import process
from plugdesk.intake.journal import write_down
from plugdesk.intake.models import JournalEntry
from plugdesk.people.models import Agent, Person, Team, TeamMember
from plugdesk.people.operations import find
from plugdesk.site import Site
from plugdesk.tickets import operations
from plugdesk.tickets.drafts import ReplyDraft
from plugdesk.tickets.models import Message, Ticket, TicketPerson
from plugdesk.tickets.receipts import Receipt, receipt
from sqlalchemy import select

SECRETS = {
    "imap_host": "imap.desk.test",
    "username": "support",
    "password": "canary-9d21",
    "smtp_host": "smtp.desk.test",
}


def mail(
    text: str = "Where is my order?",
    *,
    sender: str = "Ann <ann@customer.test>",
    to: str = "support@desk.test",
    subject: str = "My order",
    message_id: str = "",
    in_reply_to: str = "",
    references: Sequence[str] = (),
    headers: Sequence[str] = (),
) -> bytes:
    """Return a mail as a server would hand it over; `headers` are further lines of its head."""
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", *headers]
    if message_id:
        lines.append(f"Message-ID: <{message_id}>")
    if in_reply_to:
        lines.append(f"In-Reply-To: <{in_reply_to}>")
    if references:
        lines.append("References:" + "".join(f"\n <{name}>" for name in references))
    head = "\n".join(lines)
    return f"{head}\n\n{text}\n".replace("\n", "\r\n").encode()


def bounce(
    original: str, recipient: str = "ann@customer.test", to: str = "support@desk.test"
) -> bytes:
    """Return a delivery report (RFC 3464) about the message with that Message-ID."""
    return (
        (
            f"From: MAILER-DAEMON <mailer-daemon@mx.test>\nTo: {to}\nSubject: Undelivered\n"
            "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
            "--b\nContent-Type: text/plain\n\nIt could not be delivered.\n"
            "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.test\n\n"
            f"Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 no such user\n\n"
            f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{original}>\n\n--b--\n"
        )
        .replace("\n", "\r\n")
        .encode()
    )


@dataclass
class Mailroom:
    """A site, its clock, and short ways to have things happen on it."""

    site: Site
    clock: FrozenClock
    _keys: Any = field(default_factory=count)
    _agents: dict[Role, int] = field(default_factory=dict)

    def account(self, address: str = "support@desk.test", **more: Any) -> int:
        """Connect a mailbox and return its id."""
        with self.site.db.write() as session:
            row = accounts.create(
                self.site, session, SYSTEM, channel="mailbox", name=address.partition("@")[0],
                address=address, values=SECRETS, **more,
            )  # fmt: skip
            return row.id

    def agent(self, role: Role = Role.AGENT) -> Actor:
        """Return a new member of the desk as an actor. Its password opens nothing."""
        with self.site.db.write() as session:
            person = Person(name=f"{role} {next(self._keys)}", created_at=self.clock.now())
            session.add(person)
            session.flush()
            session.add(Agent(person_id=person.id, role=role.value, password_hash="none"))
            return Actor(kind=ActorKind.AGENT, person_id=person.id, role=role)

    def team(self, name: str, *members: Actor, private: bool = False) -> int:
        """Make a team and return its id."""
        with self.site.db.write() as session:
            team = Team(name=name, private=private)
            session.add(team)
            session.flush()
            for member in members:
                session.add(TeamMember(team_id=team.id, person_id=member.person_id))
            return team.id

    def arrive(self, account: int, *raws: bytes) -> list[int]:
        """Let mails arrive; returns the ids of the messages that they are now, 0 for none."""
        keys = [f"INBOX:1:{next(self._keys)}" for _ in raws]
        items = [RawItem(key=key, raw=raw) for key, raw in zip(keys, raws, strict=True)]
        write_down(self.site, account, items)
        process.run(self.site)
        with self.site.db.read() as session:
            query = select(JournalEntry.key, JournalEntry.message_id).where(
                JournalEntry.account_id == account
            )
            found = {key: message_id or 0 for key, message_id in session.execute(query)}
        return [found[key] for key in keys]

    def ticket_from(self, account: int, **fields: Any) -> Ticket:
        """Let a customer's mail arrive and return the ticket that it is on."""
        fields["headers"] = [*fields.get("headers", ()), f"X-Number: {next(self._keys)}"]
        return self.ticket(self.message(self.arrive(account, mail(**fields))[0]).ticket_id)

    def answer(
        self, actor: Actor, ticket_id: int, text: str = "It is on its way.", **more: Any
    ) -> Message:
        """Have an agent reply."""
        with self.site.db.write() as session:
            draft = ReplyDraft(text=text, **more)
            return operations.reply(self.site, session, actor, ticket_id, draft)

    def message(self, message_id: int) -> Message:
        """Return a message as it stands."""
        with self.site.db.read() as session:
            return session.get_one(Message, message_id)

    def ticket(self, ticket_id: int) -> Ticket:
        """Return a ticket as it stands."""
        with self.site.db.read() as session:
            return session.get_one(Ticket, ticket_id)

    def set(self, ticket_id: int, **fields: Any) -> None:
        """Put a ticket into a state that nobody has to have brought about."""
        with self.site.db.write() as session:
            ticket = session.get_one(Ticket, ticket_id)
            for name, value in fields.items():
                setattr(ticket, name, value)

    def receipt(self, message_id: int) -> Receipt:
        """Return why a message is where it is."""
        with self.site.db.read() as session:
            return receipt(session, SYSTEM, message_id)

    def person(self, address: str) -> int:
        """Return the id of the person with an address."""
        with self.site.db.read() as session:
            person = find(session, address)
            assert person is not None, address
            return person.id

    def standing(self, ticket_id: int, address: str) -> str:
        """Return as what somebody is on a ticket; empty when not at all."""
        with self.site.db.read() as session:
            person = find(session, address)
            row = person and session.get(TicketPerson, (ticket_id, person.id))
            return row.standing if row else ""

    def events(self, kind: str = "", ticket_id: int | None = None) -> list[EventRow]:
        """Return recorded facts, oldest first."""
        query = select(EventRow).order_by(EventRow.id)
        query = query.where(EventRow.kind == kind) if kind else query
        query = query.where(EventRow.ticket_id == ticket_id) if ticket_id else query
        with self.site.db.read() as session:
            return list(session.scalars(query))

    def journal(self) -> list[JournalEntry]:
        """Return the journal, oldest first."""
        with self.site.db.read() as session:
            return list(session.scalars(select(JournalEntry).order_by(JournalEntry.id)))
