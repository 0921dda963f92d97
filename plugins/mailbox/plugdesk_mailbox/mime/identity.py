"""Who a message is from and for, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from plugdesk.plugin import N_, Address, canonical_address, lazy_gettext, stored

from plugdesk_mailbox.mime.addresses import Mailbox, parse_addresses
from plugdesk_mailbox.mime.tree import Part

_DELIVERED = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-rcpt-to",
    "x-forwarded-to",
)
_MOST_DELIVERED = 50


@dataclass(frozen=True, slots=True)
class Identity:
    """The author of a message, as far as its header says one thing only."""

    sender: Address | None
    certain: bool
    notes: tuple[str, ...] = ()


def mailboxes(root: Part, name: str, hint: str = "") -> list[Mailbox]:
    """Return the mailboxes of all fields called `name` (lower case), in order."""
    return [box for value in root.fields.get(name, ()) for box in parse_addresses(value, hint)]


def addresses(root: Part, name: str, hint: str = "") -> tuple[Address, ...]:
    """Return the plain addresses of all fields called `name`, each once."""
    found: dict[str, Address] = {}
    for box in mailboxes(root, name, hint):
        address = box.canonical()
        if address:
            found.setdefault(address.address, address)
    return tuple(found.values())


def author(root: Part, hint: str = "") -> Identity:
    """Return who wrote the message.

    Certain only when there is one From field (RFC 5322, 3.6) with one mailbox that everybody
    reads alike. Sender is never taken for the author: with several authors it names a secretary.
    """
    fields = root.fields.get("from", [])
    boxes = mailboxes(root, "from", hint)
    if not boxes:
        return Identity(None, certain=False, notes=(N_("The message does not say who wrote it."),))
    notes = [*_contradictions(fields, boxes)]
    sender = boxes[0].canonical()
    if sender is None:
        notes.append(N_("The From field holds no plain address."))
    if len({box.address.casefold() for box in boxes}) > 1:
        sender = None
    return Identity(sender, certain=not notes and sender is not None, notes=tuple(notes))


def _contradictions(fields: list[str], boxes: list[Mailbox]) -> list[str]:
    found = []
    if len(fields) > 1:
        found.append(N_("The message has several From fields; who wrote it is unknown."))
    if len({box.address.casefold() for box in boxes}) > 1:
        found.append(N_("The From field names several mailboxes; who wrote it is unknown."))
    if not all(box.certain for box in boxes):
        found.append(N_("The From field can be read in two ways; who wrote it is not certain."))
    return found


def delivered_to(root: Part) -> tuple[str, ...]:
    """Return the canonical addresses that the message was delivered to."""
    found: dict[str, None] = {}
    for name in _DELIVERED:
        for box in mailboxes(root, name):
            try:
                found.setdefault(canonical_address(box.address))
            except ValueError:
                continue
    return tuple(found)[:_MOST_DELIVERED]


def checked_by_sender_field(identity: Identity, root: Part) -> Identity:
    """Doubt the author when another mailbox sent the message (RFC 5322, 3.6.2)."""
    senders = addresses(root, "sender")
    if identity.sender is None or not senders or senders[0].address == identity.sender.address:
        return identity
    note = stored(
        lazy_gettext(
            "The message was sent by %(address)s in the author's name.", address=senders[0].address
        )
    )
    return replace(identity, certain=False, notes=(*identity.notes, note))
