"""Message identifiers (RFC 5322, 3.6.4) and Outlook's Thread-Index."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable

from plugdesk_mailbox.mime.clean import one_line
from plugdesk_mailbox.mime.limits import MAX_IDS
from plugdesk_mailbox.mime.words import unfold

_BRACKETED = re.compile(r"<([^<>]*)>")
_SEPARATORS = re.compile(r"[\s,;]+")
_LONGEST = 998
"""Characters of a line (RFC 5322, 2.1.1); no identifier can be longer."""
_THREAD_INDEX_BYTES = 22


def message_ids(values: Iterable[str]) -> tuple[str, ...]:
    """Return the identifiers in some fields, without brackets, in order, each once.

    Bracketed ones are believed; where there are none, what looks like one is taken. Of very many
    the first and the latest stay. Linear.
    """
    found: dict[str, None] = {}
    for value in values:
        for identifier in _in_field(unfold(value)):
            found.setdefault(identifier)
    ids = list(found)
    return tuple(ids if len(ids) <= MAX_IDS else [ids[0], *ids[1 - MAX_IDS :]])


def _in_field(value: str) -> list[str]:
    bracketed = [_clean("".join(inner.split())) for inner in _BRACKETED.findall(value)]
    found = [identifier for identifier in bracketed if identifier]
    if found:
        return found
    words = (_clean(word.strip("\"'<>()")) for word in _SEPARATORS.split(value))
    return [word for word in words if "@" in word]


def _clean(identifier: str) -> str:
    return one_line(identifier.strip("\"'")) if len(identifier) <= _LONGEST else ""


def message_id(value: str) -> str:
    """Return the identifier of a Message-ID field, also one without brackets or `@`."""
    found = message_ids([value])
    if found:
        return found[0]
    words = value.split()
    return _clean(words[0].strip("\"'<>")) if len(words) == 1 else ""


def thread_index(value: str) -> str:
    """Return the first 22 bytes of a Thread-Index in hexadecimal, or an empty string."""
    compact = "".join(value.split())[:400]
    try:
        data = binascii.a2b_base64(compact.encode("ascii") + b"=" * (-len(compact) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return ""
    return data[:_THREAD_INDEX_BYTES].hex() if len(data) >= _THREAD_INDEX_BYTES else ""
