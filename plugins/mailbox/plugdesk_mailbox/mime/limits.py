"""How much of a message is read before it is refused.

Each limit is checked before the work that it bounds, and stands far above what people send.
"""

from __future__ import annotations

import re

from plugdesk.plugin import ParseLimit, lazy_gettext

MAX_RAW = 100 * 1024 * 1024
"""Bytes of a whole message. Nothing in MIME expands when decoded, so this bounds that too."""
MAX_HEADER = 512 * 1024
"""Bytes of the header block; large providers refuse more than that themselves."""
MAX_FIELDS = 2000
"""Header fields of one part."""
MAX_PART_HEADERS = 2 * 1024 * 1024
"""Characters of the header fields of all parts together."""
MAX_PARTS = 1000
MAX_DEPTH = 30
"""Multiparts within multiparts. The standard library compares each line with every open one."""
MAX_BODY = 8 * 1024 * 1024
"""Bytes of one text; a longer one is kept as an attachment."""
MAX_ADDRESSES = 1000
MAX_IDS = 200
MAX_NAME = 200
"""Characters of a display name or file name."""
MAX_SUBJECT = 2000

_END_OF_HEADER = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")


def check_size(raw: bytes) -> None:
    """Raise `ParseLimit` when the message or its header block is too large to be read."""
    if len(raw) > MAX_RAW:
        msg = lazy_gettext(
            "This message has %(size)s MB, more than the %(limit)s MB that are read. Open the raw"
            " message instead.",
            size=len(raw) // 2**20,
            limit=MAX_RAW // 2**20,
        )
        raise ParseLimit(msg)
    if len(raw) > MAX_HEADER and not _END_OF_HEADER.search(raw, 0, MAX_HEADER):
        msg = lazy_gettext(
            "The header of this message is longer than %(limit)s KB. Open the raw message instead.",
            limit=MAX_HEADER // 1024,
        )
        raise ParseLimit(msg)


def check_fields(count: int) -> None:
    """Raise `ParseLimit` when a part has too many header fields."""
    if count > MAX_FIELDS:
        msg = lazy_gettext(
            "A part of this message has more than %(limit)s header fields. Open the raw message"
            " instead.",
            limit=MAX_FIELDS,
        )
        raise ParseLimit(msg)


def check_part_headers(total: int) -> None:
    """Raise `ParseLimit` when the header fields of all parts are too long together."""
    if total > MAX_PART_HEADERS:
        msg = lazy_gettext(
            "The headers inside this message are longer than %(limit)s KB. Open the raw message"
            " instead.",
            limit=MAX_PART_HEADERS // 1024,
        )
        raise ParseLimit(msg)


def check_parts(count: int) -> None:
    """Raise `ParseLimit` when the message has too many parts."""
    if count > MAX_PARTS:
        msg = lazy_gettext(
            "This message has more than %(limit)s parts. Open the raw message instead.",
            limit=MAX_PARTS,
        )
        raise ParseLimit(msg)


def check_depth(depth: int) -> None:
    """Raise `ParseLimit` when parts are nested too deeply."""
    if depth > MAX_DEPTH:
        msg = lazy_gettext(
            "The parts of this message are nested more than %(limit)s deep. Open the raw message"
            " instead.",
            limit=MAX_DEPTH,
        )
        raise ParseLimit(msg)
