"""What an agent hands in: replies, notes and new tickets, before they are saved."""

from __future__ import annotations

from dataclasses import dataclass

from plugdesk.contract.addresses import Address
from plugdesk.contract.tickets import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that an agent attaches."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDraft:
    """A reply. Without recipients it goes to the requester and those in copy."""

    text: str
    html: str = ""
    """Empty means: made from the text."""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    files: tuple[Upload, ...] = ()
    status_after: Status | None = None
    client_key: str = ""
    """Chosen by the form: the same form sent twice is one reply."""
    seen_version: int | None = None
    """The ticket's version that the agent saw; a newer one refuses the reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDraft:
    """A note between agents."""

    text: str
    files: tuple[Upload, ...] = ()
    client_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    """A conversation that an agent begins."""

    account_id: int
    to: tuple[Address, ...]
    subject: str
    text: str
    html: str = ""
    cc: tuple[Address, ...] = ()
    files: tuple[Upload, ...] = ()
    client_key: str = ""
