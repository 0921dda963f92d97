"""Messages on their way out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.db import Base


class OutboxEntry(Base):
    """One outgoing message and how far it got.

    queued → sending → accepted | failed | unknown, or deferred and then sending again.
    Until `send_after` a queued one can be taken back (cancelled). What was `sending` when its
    worker vanished is `unknown`: it may have left, so it never leaves again by itself.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(
            "state in ('queued', 'sending', 'accepted', 'deferred', 'failed', 'unknown',"
            " 'cancelled')",
            name="state",
        ),
        Index("ix_outbox_due", "state", "send_after"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default="queued")
    send_after: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    #: Which worker is sending it, and until when it may be silent about it.
    lease_owner: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None]
    #: The other side's own words, or what evidence settled it.
    detail: Mapped[str] = mapped_column(Text, default="")
    refused: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    changed_at: Mapped[datetime]
    #: Whether the copy for the owner's Sent folder was dealt with.
    copy_kept: Mapped[bool] = mapped_column(default=False)
