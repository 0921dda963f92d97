"""Recorded facts, as plugins receive them after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from plugdesk.contract.tickets import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One changed field of a ticket, before and after, as plain values."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One recorded fact.

    Delivered to each plugin in order of `position`, at least once: a handler that sees an `id`
    again must come to the same result. Everything a handler writes through `desk` is committed
    together with the note that it has seen the event.
    """

    id: int
    position: int
    """1, 2, 3 … without gaps over the whole site."""
    kind: str
    """Names the hook that receives it, such as `ticket_changed`."""
    at: datetime
    actor: Actor
    ticket_id: int | None = None
    message_id: int | None = None
    note_id: int | None = None
    changes: Mapping[str, FieldChange] = field(default_factory=dict)
    """For `ticket_changed` and other changes: field name to its values before and after."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What else the kind states; documented with its hook."""
    replayed: bool = False
    """True while the owner has the plugin read the past again."""

    @property
    def resolved(self) -> bool:
        """Whether this change resolved the ticket."""
        change = self.changes.get("status")
        return change is not None and change.after == "resolved"

    @property
    def reopened(self) -> bool:
        """Whether this change brought a resolved or closed ticket back to open."""
        change = self.changes.get("status")
        return change is not None and change.after == "open" and change.before != "pending"
