"""Our signed reply reference: a Message-ID that names the ticket it belongs to.

A token addresses, it never authorises: it decides where a message lands, not who may do what.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from plugdesk.settings.secrets import Keys

_PURPOSE = "reply reference"
_SHAPE = re.compile(r"pd(\d{1,18})\.([a-z2-7]{16})\.([a-z2-7]{16})")


@dataclass(frozen=True, slots=True)
class ReplyReference:
    """What a signed reference says, and the text in which it was found."""

    ticket_id: int
    found_in: str
    token: str
    """The part before the @ of the Message-ID that carried it first."""


def header_domain(address: str) -> str:
    """Return what stands after the @ in Message-IDs of an account with that address."""
    return address.rpartition("@")[2] or "plugdesk.invalid"


def new_header_id(keys: Keys, ticket_id: int, domain: str) -> str:
    """Return a Message-ID, without brackets, for a message that leaves a ticket."""
    nonce = base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()
    signature = keys.sign(_PURPOSE, f"{ticket_id}.{nonce}")
    return f"pd{ticket_id}.{nonce}.{signature}@{domain}"


def find_reference(keys: Keys, texts: Iterable[str]) -> ReplyReference | None:
    """Return the first genuine reference in `texts`: Message-IDs or addresses with `+`.

    One with a missing, truncated or foreign signature is no reference at all (case S3).
    """
    for text in texts:
        local = text.partition("@")[0].casefold()
        token = local.rpartition("+")[2]
        match = _SHAPE.fullmatch(token)
        if match is None:
            continue
        ticket_id, nonce, signature = match.groups()
        if keys.verify(_PURPOSE, f"{int(ticket_id)}.{nonce}", signature):
            return ReplyReference(int(ticket_id), text, token)
    return None
