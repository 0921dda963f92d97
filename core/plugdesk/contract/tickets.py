"""Tickets, people and actors as plugins and pages see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What an agent may do; each role may do what the ones after it may."""

    OWNER = "owner"
    LEAD = "lead"
    AGENT = "agent"
    OBSERVER = "observer"


class Status(StrEnum):
    """How far a ticket is. Pending waits for the customer."""

    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Place(StrEnum):
    """Where a ticket lies; spam and trash are places, not statuses."""

    INBOX = "inbox"
    SPAM = "spam"
    TRASH = "trash"


class Priority(StrEnum):
    """How urgent an agent thinks a ticket is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class ActorKind(StrEnum):
    """What kind of actor did something."""

    AGENT = "agent"
    CUSTOMER = "customer"
    PLUGIN = "plugin"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something: an agent, a customer, a plugin, or the desk itself."""

    kind: ActorKind
    person_id: int | None = None
    role: Role | None = None
    """Set for agents only."""
    plugin: str = ""
    """The plugin's name, for plugins only."""

    @property
    def can_write(self) -> bool:
        """Whether the actor may change tickets; observers and customers may not."""
        if self.kind is ActorKind.AGENT:
            return self.role is not Role.OBSERVER
        return self.kind is not ActorKind.CUSTOMER

    @property
    def can_manage(self) -> bool:
        """Whether the actor may change accounts, plugins, people and quarantine."""
        return self.kind is ActorKind.SYSTEM or self.role is Role.OWNER


SYSTEM = Actor(kind=ActorKind.SYSTEM)
"""The desk itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonInfo:
    """A person."""

    id: int
    name: str
    """May be empty; `display_name` never is."""
    address: str
    """The first canonical address, or empty."""
    language: str = ""
    """A BCP 47 tag, or empty when not known."""

    @property
    def display_name(self) -> str:
        """The name, or the address where there is none."""
        return self.name or self.address or f"#{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketInfo:
    """A ticket as it stands."""

    id: int
    subject: str
    status: Status
    place: Place
    priority: Priority
    account_id: int
    team_id: int | None
    assignee_id: int | None
    requester: PersonInfo | None
    """None while nobody can say who wrote."""
    tags: tuple[str, ...]
    created_at: datetime
    activity_at: datetime
    version: int
    """Counts changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What somebody wants to change on a ticket. None leaves a field as it is."""

    status: Status | None = None
    place: Place | None = None
    priority: Priority | None = None
    assignee_id: int | None = None
    """An agent's person id; `unassign` takes the assignee away."""
    unassign: bool = False
    team_id: int | None = None
    leave_team: bool = False
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who a new ticket goes to: an agent, a team, or both."""

    agent_id: int | None = None
    team_id: int | None = None
