"""Stored settings and small facts about the whole site."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.db import Base


class SettingsRow(Base):
    """The settings of one scope: `core`, or a plugin's name. Secrets in it are encrypted."""

    __tablename__ = "settings"

    scope: Mapped[str] = mapped_column(String(40), primary_key=True)
    data: Mapped[dict[str, Any]]


class Counter(Base):
    """A number that every process watches, such as the generation of the enabled plugins."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)
