"""What the site remembers about its plugins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.db import Base


class PluginRow(Base):
    """A plugin that was ever enabled here, or is held."""

    __tablename__ = "plugin"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    enabled: Mapped[bool] = mapped_column(default=False)
    version: Mapped[str] = mapped_column(String(40), default="")
    #: Why it is held, as a sentence with its traceback; empty when it is not.
    held_reason: Mapped[str] = mapped_column(Text, default="")
    held_at: Mapped[datetime | None]


class HeldHook(Base):
    """One hook of one plugin that failed again and again and is not called until retried."""

    __tablename__ = "held_hook"

    plugin: Mapped[str] = mapped_column(String(40), primary_key=True)
    hook: Mapped[str] = mapped_column(String(60), primary_key=True)
    error: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
