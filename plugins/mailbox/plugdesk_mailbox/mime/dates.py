"""The Date field (RFC 5322, 3.3), and what is written instead of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST = 120
_COMMENT = re.compile(r"\([^()]*\)")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?")
_FALSE_OFFSET = re.compile(r"\s[+-]\d{4,}\s*$")


def parse_date(value: str) -> datetime | None:
    """Return the time that a Date field claims, aware, or None when it says nothing usable.

    A time without zone, or with the "unknown" zone -0000, is read as UTC.
    """
    text = " ".join(_COMMENT.sub(" ", value[:_LONGEST]).split()).replace(" GMT+", " +")
    if not text.isascii() or not any(character.isdigit() for character in text):
        return None
    found = _read(text) or _read(_FALSE_OFFSET.sub(" +0000", text))
    if found is None:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _read(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if _ISO.match(text) else parsedate_to_datetime(text)
        found.astimezone(UTC) if found.tzinfo else found
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found
