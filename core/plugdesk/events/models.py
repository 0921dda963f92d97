"""The event log, and how far each plugin has read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.db import Base


class EventRow(Base):
    """One recorded fact, written in the transaction that made it true; also the audit trail.

    `position` is given after the commit, by one lock holder at a time, so that positions have
    no gaps and nothing arrives behind a reader's back.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_ticket", "ticket_id", "id"),
        Index(
            "ix_event_waiting",
            "id",
            sqlite_where=text("position is null"),
            postgresql_where=text("position is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int | None] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"))
    #: agent, customer, plugin or system.
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    actor_plugin: Mapped[str] = mapped_column(String(40), default="")
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]


class EventCursor(Base):
    """The last position that a plugin has dealt with."""

    __tablename__ = "event_cursor"

    plugin: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int] = mapped_column(default=0)
    #: Attempts at the event after `position`, and when to make the next.
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]
    #: Events up to this position were delivered before and are marked as replayed.
    replay_until: Mapped[int] = mapped_column(default=0)


class EventFailure(Base):
    """An event that a plugin could not take; set aside so that the others go on."""

    __tablename__ = "event_failure"

    plugin: Mapped[str] = mapped_column(String(40), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    error: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
