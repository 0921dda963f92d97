"""Leases and the record of periodic jobs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.db import Base


class Lease(Base):
    """A named right that one worker holds for a while, across all processes."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]


class JobRun(Base):
    """What became of a periodic job."""

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    next_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
