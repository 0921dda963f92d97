"""Messages on their way in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from plugdesk.contract.addresses import Address
from plugdesk.i18n import LazyText


@dataclass(frozen=True, slots=True, kw_only=True)
class RawItem:
    """One thing that a channel fetched, before anybody tried to understand it."""

    key: str
    """Names the item within its account for ever; for IMAP `folder:uidvalidity:uid`."""
    raw: bytes
    """The bytes as the other side gave them."""
    cursor: str | None = None
    """Where `fetch` goes on once this item is stored; committed together with it."""
    received_at: datetime | None = None
    """When the other side received it (aware), if it says so."""
    place: str = ""
    """Where it was seen, for people: a folder, a form, a chat."""
    remaining: int | None = None
    """How many items are known to follow in this fetch, for progress."""
    problem: str | LazyText = ""
    """A sentence when the item could not be fetched whole; it goes to quarantine."""


class Automatic(StrEnum):
    """Whether a machine wrote the message (RFC 3834, RFC 3464). Never answered automatically."""

    NO = "no"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came or goes with a message. Its name is for people, never for a disk."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""
    """Without angle brackets; images in the HTML refer to it as `cid:`."""
    inline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What a bounce says about one recipient (RFC 3464)."""

    recipient: str
    status: str = ""
    """Enhanced status code such as `5.1.1` (RFC 3463), if given."""
    diagnostic: str = ""
    failed: bool = True
    """False for a mere delay."""
    original_message_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """A message that somebody sent to one of our accounts, as a channel understood it."""

    sender: Address | None
    """Who wrote it, or None when that is unknown."""
    sender_certain: bool = True
    """False when headers contradict each other: two From fields, several mailboxes, defects."""
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    delivered_to: tuple[str, ...] = ()
    """Canonical addresses that the envelope or Delivered-To fields name."""
    subject: str = ""
    text: str = ""
    """What a reader without HTML sees, quotations included; line ends are `\\n`."""
    quote_start: int | None = None
    """Where in `text` the quotation of earlier messages begins; None when unsure or none."""
    html: str = ""
    """As received, not sanitised; the desk does that, last."""
    message_id: str = ""
    """Without angle brackets; an index, never an identity."""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    thread_index: str = ""
    """Outlook's conversation: the first 22 bytes of Thread-Index, in hexadecimal."""
    sent_at: datetime | None = None
    """The sender's claim (aware); never used for ordering."""
    attachments: tuple[Attachment, ...] = ()
    automatic: Automatic = Automatic.NO
    reports: tuple[DeliveryReport, ...] = ()
    language: str = ""
    """A BCP 47 tag, if the channel knows it."""
    spam_reasons: tuple[str, ...] = ()
    """Sentences; any of them puts the ticket in the spam place."""
    defects: tuple[str, ...] = ()
    """What was wrong with the message and how it was read all the same: sentences, as `stored`
    gives them."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """What the channel's own `find_ticket` wants to know, such as `gmail_thread`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """A message that leaves the desk. Its Message-ID is fixed before the first attempt."""

    message_id: str
    """Without angle brackets; carries our signed reply reference."""
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    subject: str
    text: str
    html: str
    """Sanitised by the desk."""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    """Oldest first, without angle brackets."""
    reply_to: Address | None = None
    attachments: tuple[Attachment, ...] = ()
    automatic: bool = False
    """True for what no person wrote: sent with `Auto-Submitted: auto-replied` (RFC 3834)."""
    created_at: datetime | None = None


class SentState(StrEnum):
    """How an attempt to send ended."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one attempt to send.

    `deferred` promises that the other side did not take the message; only then is it tried
    again. `unknown` is for every doubt.
    """

    state: SentState
    detail: str | LazyText = ""
    """The other side's own words, for people, or what happened."""
    refused: Mapping[str, str | LazyText] = field(default_factory=dict)
    """Recipients that were refused while others were accepted, with the reason."""
