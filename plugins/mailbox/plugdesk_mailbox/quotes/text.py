"""Quotations in plain text."""

from __future__ import annotations

from plugdesk_mailbox.quotes.attribution import LONGEST as LONGEST_LINE
from plugdesk_mailbox.quotes.attribution import is_introduction
from plugdesk_mailbox.quotes.lines import MOST_LINES, Line, own_lines, quotation

LONGEST = 4_000_000
"""Characters; no quotation is looked for in a longer body."""
_LONGEST_END = 40
_BLANK = " \t\u200e\u200f\u202a\u202b"


def quote_start(text: str) -> int | None:
    """Return the offset in `text` where the quotation of earlier messages begins.

    It includes the line that introduces it and runs to the end. None when there is none, or when
    it is unsure: nothing before it, or something of the sender's after it. Linear in `text`.
    """
    if len(text) > LONGEST or text.count("\n") > MOST_LINES:
        return None
    raw = text.splitlines(keepends=True)
    first = quotation(_lines(raw))
    if first is None:
        return None
    return sum(map(len, raw[:first]))


def reply_text(text: str) -> str:
    """Return what the sender wrote, without the quotation or, if it is in between, quotations."""
    start = quote_start(text)
    if start is None:
        raw = text[:LONGEST].splitlines(keepends=True)
        reply = "".join(raw[at] for at in own_lines(_lines(raw)))
        reply = reply if reply.strip() else text
    else:
        reply = text[:start]
    return reply.strip()


def _lines(raw: list[str]) -> list[Line]:
    lines = [_line(text) for text in raw]
    for at in range(1, len(lines)):
        if lines[at].quoted and not lines[at - 1].quoted:
            above = lines[max(0, at - 2)].text[-LONGEST_LINE:] + lines[at - 1].text[-LONGEST_LINE:]
            lines[at].quoted = not _ends_address(above, lines[at].text)
    return lines


def _ends_address(above: str, line: str) -> bool:
    """Say whether a line break parts an address from its `>`: "<ann@x.test" and "> wrote:"."""
    rest = line.strip()[1:]
    if len(rest) > _LONGEST_END or above.count("<") <= above.count(">"):
        return False
    return rest.strip() == ":" or is_introduction(rest)


def _line(text: str) -> Line:
    line = text.rstrip("\r\n")
    return Line(line, quoted=line.lstrip(_BLANK)[:1] == ">")
