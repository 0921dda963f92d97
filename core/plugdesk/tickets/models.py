"""Tickets and what is said on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.db import Base


class Ticket(Base):
    """One conversation with a customer, whatever it came through."""

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint("status in ('open', 'pending', 'resolved', 'closed')", name="status"),
        CheckConstraint("place in ('inbox', 'spam', 'trash')", name="place"),
        CheckConstraint("priority in ('low', 'normal', 'high', 'urgent')", name="priority"),
        Index("ix_ticket_inbox", "place", "status", "activity_at", "id"),
        Index("ix_ticket_assignee", "assignee_id", "place", "status", "activity_at", "id"),
        Index("ix_ticket_requester", "requester_id", "activity_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(16), default="open")
    place: Mapped[str] = mapped_column(String(16), default="inbox")
    priority: Mapped[str] = mapped_column(String(16), default="normal")
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"), index=True)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("agent.person_id"))
    #: None while nobody can say who wrote.
    requester_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    #: Moves with every message and note, by our clock; orders the inbox.
    activity_at: Mapped[datetime]
    #: What the list shows of the newest message.
    snippet: Mapped[str] = mapped_column(String(200), default="")
    message_count: Mapped[int] = mapped_column(default=0)
    has_attachments: Mapped[bool] = mapped_column(default=False)
    #: Counts changes; a page that shows version 7 knows what it has not seen.
    version: Mapped[int] = mapped_column(default=1)
    #: The version that brought the newest message or note.
    said_version: Mapped[int] = mapped_column(default=1)


class TicketPerson(Base):
    """A person on a ticket: its requester, somebody in copy, or a suggestion to confirm."""

    __tablename__ = "ticket_person"
    __table_args__ = (
        CheckConstraint("standing in ('requester', 'copied', 'suggested')", name="standing"),
        Index("ix_ticket_person_person_id", "person_id"),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    standing: Mapped[str] = mapped_column(String(16))


class Tag(Base):
    """A word that agents put on tickets."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)


class TicketTag(Base):
    """A tag on a ticket."""

    __tablename__ = "ticket_tag"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), primary_key=True, index=True)


class Message(Base):
    """One thing said to or by a customer."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("direction in ('incoming', 'outgoing')", name="direction"),
        UniqueConstraint("account_id", "content_hash"),
        UniqueConstraint("client_key"),
        Index("ix_message_ticket", "ticket_id", "id"),
        Index("ix_message_header_id", "account_id", "header_id"),
        Index("ix_message_thread_index", "account_id", "thread_index"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    direction: Mapped[str] = mapped_column(String(16))
    #: Who wrote it; None when unknown, or when a plugin wrote it.
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    author_plugin: Mapped[str] = mapped_column(String(40), default="")
    sender_name: Mapped[str] = mapped_column(Text, default="")
    sender_address: Mapped[str] = mapped_column(String(254), default="")
    sender_certain: Mapped[bool] = mapped_column(default=True)
    #: Lists of {"name", "address"}.
    to: Mapped[list[dict[str, str]]] = mapped_column(default=list)
    cc: Mapped[list[dict[str, str]]] = mapped_column(default=list)
    bcc: Mapped[list[dict[str, str]]] = mapped_column(default=list)
    reply_to: Mapped[list[dict[str, str]]] = mapped_column(default=list)
    subject: Mapped[str] = mapped_column(Text, default="")
    #: Message-ID without brackets: an index, never an identity.
    header_id: Mapped[str] = mapped_column(String(998), default="")
    references: Mapped[list[str]] = mapped_column(default=list)
    thread_index: Mapped[str] = mapped_column(String(44), default="")
    automatic: Mapped[str] = mapped_column(String(16), default="no")
    #: The sender's claim; shown, never used for ordering.
    sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    #: SHA-256 of the raw bytes of an incoming message.
    content_hash: Mapped[str | None] = mapped_column(String(64))
    #: Chosen by the browser for an outgoing one: the same form sent twice is one reply.
    client_key: Mapped[str | None] = mapped_column(String(64))
    #: The receipt: which rule placed the message on this ticket, and by what evidence.
    thread_rule: Mapped[str] = mapped_column(String(32), default="")
    thread_evidence: Mapped[str] = mapped_column(Text, default="")
    defects: Mapped[list[str]] = mapped_column(default=list)
    #: Delivery reports (RFC 3464) that a bounce carries.
    reports: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    #: Where in `text` the quotation of earlier messages begins; None when nothing is quoted.
    quote_start: Mapped[int | None]
    text: Mapped[str] = mapped_column(Text, default="")
    has_html: Mapped[bool] = mapped_column(default=False)
    #: Sanitised; shown only in its own frame.
    html: Mapped[str] = mapped_column(Text, default="", deferred=True)


class Note(Base):
    """Something said between agents on a ticket; it never leaves the desk."""

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_ticket", "ticket_id", "id"), UniqueConstraint("client_key"))

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    author_plugin: Mapped[str] = mapped_column(String(40), default="")
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    client_key: Mapped[str | None] = mapped_column(String(64))


class StoredAttachment(Base):
    """A file of a message or a note. Its bytes are a blob; its name is for people only."""

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint("(message_id is null) != (note_id is null)", name="one_parent"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    blob_hash: Mapped[str] = mapped_column(String(64))
    content_id: Mapped[str] = mapped_column(String(998), default="")
    inline: Mapped[bool] = mapped_column(default=False)
