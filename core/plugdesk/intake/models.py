"""The journal: every item that a channel ever handed over, before anybody understood it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.db import Base


class JournalEntry(Base):
    """One raw item of one account, stored first and for good.

    `new` waits to be understood; `visible` became a message; `seen` is a further sighting of a
    message that is visible already; `quarantined` could not be understood and waits for a person.
    """

    __tablename__ = "journal"
    __table_args__ = (
        UniqueConstraint("account_id", "key"),
        CheckConstraint("state in ('new', 'visible', 'seen', 'quarantined')", name="state"),
        Index("ix_journal_content", "account_id", "content_hash"),
        Index("ix_journal_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    key: Mapped[str] = mapped_column(String(400))
    #: SHA-256 of the raw bytes, in hexadecimal; names the blob that holds them.
    content_hash: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    place: Mapped[str] = mapped_column(String(400), default="")
    received_at: Mapped[datetime | None]
    journaled_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default="new")
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]
    #: Why it is in quarantine, as a sentence, and what the program said.
    reason: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[str] = mapped_column(Text, default="")
