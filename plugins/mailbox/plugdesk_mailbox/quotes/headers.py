"""The block of From, Sent, To and Subject above a message that Outlook and others quote."""

from __future__ import annotations

from collections.abc import Sequence

from plugdesk_mailbox.quotes.attribution import has_address, plain
from plugdesk_mailbox.quotes.words import FOREIGN_LABELS, LABELS

_LONGEST_LABEL = 24
_LONGEST = 2_000
_MOST_LINES = 16
_MOST_CONTINUED = 3
_FEWEST_KINDS = 3


def label(line: str) -> str:
    """Return what the label of `line` means, such as `from`, or nothing."""
    return LABELS.get(_head(line), "")


def _head(line: str) -> str:
    head, colon, _ = line[: _LONGEST_LABEL + 8].replace("：", ":").partition(":")
    return plain(head).strip(" |") if colon else ""


def header_block(lines: Sequence[str], start: int) -> int | None:
    """Return the line after the header block that begins at `start`, if one does.

    Customers write "From: Seoul" and forms write "From: ann@x.test", so it takes a date and a
    subject, or three kinds of lines and an address.
    """
    if not label(lines[start]):
        return None
    kinds: set[str] = set()
    addressed = dated = False
    continued = end = start
    for at in range(start, min(len(lines), start + _MOST_LINES)):
        line = lines[at][:_LONGEST]
        kind = label(line)
        if not line.strip():
            if at + 1 == len(lines) or label(lines[at + 1]) in {"", *kinds}:
                break
            continue
        if kind == "from" and kind in kinds:
            break
        if kind:
            kinds.add(kind)
            continued = end = at
            dated |= kind == "date" and any(map(str.isdigit, line))
        elif at - continued > _MOST_CONTINUED:
            break
        addressed = addressed or has_address(line)
    enough = {"from", "date", "subject"} <= kinds and dated
    enough |= addressed and "from" in kinds and len(kinds - {"other"}) >= _FEWEST_KINDS
    return end + 1 if enough and not _is_foreign(lines, start, end) else None


def _is_foreign(lines: Sequence[str], start: int, end: int) -> bool:
    """Say whether the lines around a block show that no mail client quoted it."""
    around = lines[max(0, start - _MOST_CONTINUED) : end + 1 + _MOST_CONTINUED]
    return any(_head(line) in FOREIGN_LABELS for line in around)
