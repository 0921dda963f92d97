"""What replies, notes and incoming messages have in common when they join a ticket."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime

from plugdesk.blobs.store import BlobStore
from plugdesk.contract.addresses import Address
from plugdesk.errors import Refused
from plugdesk.i18n import gettext
from plugdesk.tickets.drafts import Upload
from plugdesk.tickets.models import StoredAttachment, Ticket

SNIPPET = 160
LONGEST_TEXT = 1_000_000
LONGEST_NAME = 200
LONGEST_TYPE = 255


def snippet(text: str) -> str:
    """Return the beginning of `text` as the inbox shows it."""
    return " ".join(text[: SNIPPET * 4].split())[:SNIPPET]


def moment_on(ticket: Ticket, now: datetime) -> datetime:
    """Return when something happens on a locked ticket: never before what happened last.

    A clock that was set back must not turn a conversation around (case C20).
    """
    return max(now, ticket.activity_at)


def said(ticket: Ticket, moment: datetime) -> None:
    """Note on the ticket that something new was said on it."""
    ticket.version += 1
    ticket.said_version = ticket.version
    ticket.activity_at = moment


def checked_text(text: str) -> str:
    """Return an agent's text in NFC with `\\n` line ends. Raises Refused when empty or too long."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text.replace("\x00", "")
    if not text.strip():
        raise Refused(gettext("Write something first: the text is empty."))
    if len(text) > LONGEST_TEXT:
        raise Refused(gettext("The text is too long. Send it as a file instead."))
    return text


def store_uploads(blobs: BlobStore, files: Sequence[Upload]) -> list[StoredAttachment]:
    """Store the bytes of uploads durably and return rows that name them."""
    names = blobs.put_many([file.content for file in files])
    return [
        StoredAttachment(
            name=clean_file_name(file.name),
            content_type=_content_type(file.content_type),
            size=len(file.content),
            blob_hash=blob,
        )
        for file, blob in zip(files, names, strict=True)
    ]


def _content_type(claimed: str) -> str:
    """Return what a browser says about a file, if that can stand in a header (case S13)."""
    if len(claimed) <= LONGEST_TYPE and claimed.isascii() and claimed.isprintable() and claimed:
        return claimed
    return "application/octet-stream"


def clean_file_name(name: str) -> str:
    """Return a file's name for people: NFC, one line, no folders, nothing invisible (case S20)."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    visible = "".join(c for c in name if unicodedata.category(c)[0] != "C").strip(" .")
    if len(visible) > LONGEST_NAME:
        stem, dot, ending = visible.rpartition(".")
        ending = ending[:20] if dot else ""
        visible = f"{(stem or visible)[: LONGEST_NAME - 21]}{dot}{ending}"
    return visible or "attachment"


def address_dicts(addresses: Sequence[Address]) -> list[dict[str, str]]:
    """Return addresses as they are stored with a message."""
    return [{"name": address.name, "address": address.address} for address in addresses]


def stored_addresses(rows: Sequence[dict[str, str]]) -> tuple[Address, ...]:
    """Return stored addresses as they were."""
    return tuple(Address(row["name"], row["address"]) for row in rows)
