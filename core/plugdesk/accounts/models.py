"""Connected instances of channels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.db import Base


class Account(Base):
    """One connected instance of a channel, such as support@example.com."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("state in ('active', 'paused', 'signed_out')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(40))
    #: The plugin that brought the channel; while it is off, the account rests.
    plugin: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(254), index=True)
    #: The channel's settings as JSON; secrets in it are encrypted (see `settings.secrets`).
    config: Mapped[dict[str, Any]]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    state: Mapped[str] = mapped_column(String(16), default="active")
    #: The channel's own bookmark; committed with what it has brought so far.
    cursor: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    #: The last fetch that went through to its end.
    succeeded_at: Mapped[datetime | None]
    #: Passing trouble: what it is, how often in a row, and when to try again.
    error: Mapped[str] = mapped_column(Text, default="")
    failures: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]
    #: How many items the running fetch still expects; None when none runs.
    remaining: Mapped[int | None]
