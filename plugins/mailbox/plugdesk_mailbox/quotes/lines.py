"""The quotation that ends a body, found in its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from plugdesk_mailbox.quotes.attribution import (
    attribution,
    is_forward,
    is_introduction,
    is_original,
    is_rule,
)
from plugdesk_mailbox.quotes.headers import header_block

MOST_LINES = 30_000
"""No quotation is looked for in a body of more."""
_FEWEST_BARE_LINES = 2
_DEEPEST_BARE = 2
_LONGEST_HEAD = 16
_LONGEST_SIGNATURE = 8
_WIDEST_SIGNATURE = 72


@dataclass(slots=True)
class Line:
    """A line of a body, however its format marks quotations."""

    text: str
    quoted: bool = False
    opens: bool = False
    """Whether the mail client itself says that a quotation begins here."""
    may_open: bool = False
    """Whether something that may be a quotation begins here; its first lines decide."""
    to_end: bool = False
    """Whether the mail client itself says that everything from here on is quoted."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """Words that introduce a quotation, up to the line `end`."""

    end: int
    certain: bool


def quotation(lines: Sequence[Line]) -> int | None:
    """Return the first line of the quotation that runs to the end; None when unsure or none.

    There is none where the sender wrote nothing before it, answers after or between the quoted
    lines, or passes a message on.
    """
    if len(lines) > MOST_LINES:
        return None
    marks = _marks(lines)
    forward = _first_forward(lines)
    ends = _quoted_to_the_end(lines, marks)
    own = False
    at = 0
    while at < len(lines) and at != forward:
        if ends[at] and _begins_quotation(lines, marks, at):
            return _with_rule(lines, at) if own else None
        mark = marks.get(at)
        if mark is None:
            line = lines[at]
            own |= not line.quoted and not is_rule(line.text) and bool(line.text.strip())
        at = mark.end if mark else at + 1
    return None


def own_lines(lines: Sequence[Line]) -> list[int]:
    """Return the lines that the sender wrote when quotation comes first or in between."""
    if len(lines) > MOST_LINES:
        return list(range(len(lines)))
    marks = _marks(lines)
    found: list[int] = []
    at = 0
    while at < len(lines):
        mark = marks.get(at)
        following = _next_text(lines, mark.end) if mark else len(lines)
        if mark and (following == len(lines) or lines[following].quoted):
            at = mark.end
            continue
        if not lines[at].quoted:
            found.append(at)
        at += 1
    return found


def _first_forward(lines: Sequence[Line]) -> int:
    for at, line in enumerate(lines):
        if (not line.quoted or line.opens) and is_forward(line.text):
            return at
    return len(lines)


def _marks(lines: Sequence[Line]) -> dict[int, _Mark]:
    texts = [line.text for line in lines]
    marks: dict[int, _Mark] = {}
    lowest = 0
    for at, line in enumerate(lines):
        if line.quoted:
            lowest = at + 1
        elif at < lowest or not line.text.strip():
            continue
        elif (after := header_block(texts, at)) is not None:
            marks[at] = _Mark(after, certain=True)
            lowest = after
        elif is_original(line.text):
            marks[at] = _Mark(at + 1, certain=True)
            lowest = at + 1
        elif (found := attribution(texts, at, lowest)) is not None:
            marks[found[0]] = _Mark(at + 1, found[1])
            lowest = at + 1
        elif is_introduction(line.text):
            marks[at] = _Mark(at + 1, certain=False)
    return marks


def _quoted_to_the_end(lines: Sequence[Line], marks: dict[int, _Mark]) -> list[bool]:
    """Say for each line whether everything from it on is quotation."""
    count = len(lines)
    ends = [True] * (count + 1)
    following = count
    next_text = [count] * (count + 1)
    tail = _Tail()
    for at in range(count - 1, -1, -1):
        line, mark = lines[at], marks.get(at)
        if line.text.strip():
            following = at
        next_text[at] = following
        if line.to_end:
            pass
        elif line.quoted or not line.text.strip():
            ends[at] = ends[at + 1]
        elif mark is not None:
            body = next_text[mark.end]
            quoted = body == count or lines[body].quoted
            ends[at] = ends[body] if quoted else mark.certain
        else:
            drawn = is_rule(line.text) and ends[at + 1]
            ends[at] = drawn or tail.is_signature(line.text)
        tail.add(line.text)
    return ends


@dataclass(slots=True)
class _Tail:
    """The last lines of a body: few and short ones after a delimiter are no answer."""

    count: int = 0
    longest: int = 0

    def add(self, text: str) -> None:
        self.count += bool(text.strip())
        self.longest = max(self.longest, len(text))

    def is_signature(self, delimiter: str) -> bool:
        few = self.count <= _LONGEST_SIGNATURE and self.longest <= _WIDEST_SIGNATURE
        return few and (delimiter.rstrip() == "--" or is_rule(delimiter))


def _begins_quotation(lines: Sequence[Line], marks: dict[int, _Mark], at: int) -> bool:
    line = lines[at]
    if line.opens or line.to_end or (line.may_open and _is_introduced(lines, at)):
        return True
    mark = marks.get(at)
    if mark is not None:
        return mark.certain or _next_text(lines, mark.end) < len(lines)
    return line.text.lstrip().startswith(">") and line.quoted and _stands_alone(lines, at)


def _is_introduced(lines: Sequence[Line], at: int) -> bool:
    """Say whether the lines from `at` on introduce a quotation, though they look quoted."""
    texts = [line.text for line in lines[at : at + _LONGEST_HEAD]]
    if is_original(texts[0]) or header_block(texts, 0) is not None:
        return True
    found = (attribution(texts, end) for end in range(min(len(texts), _FEWEST_BARE_LINES + 1)))
    return any(start == (0, True) for start in found)


def _stands_alone(lines: Sequence[Line], at: int) -> bool:
    """Say whether quoted lines without an introduction are a mail, not an example or a prompt."""
    if at and lines[at - 1].quoted:
        return False
    before = next((x.text.rstrip() for x in reversed(lines[max(0, at - 3) : at]) if x.text), "")
    if before.endswith((":", "：")) or lines[at].text.startswith(">" * (_DEEPEST_BARE + 1)):
        return False
    written = [x for x in lines[at : at + 8] if x.quoted and x.text.strip("> \t")]
    return len(written) >= _FEWEST_BARE_LINES


def _next_text(lines: Sequence[Line], start: int) -> int:
    for at in range(start, len(lines)):
        if lines[at].text.strip():
            return at
    return len(lines)


def _with_rule(lines: Sequence[Line], start: int) -> int:
    """Return where the line drawn above the quotation, if any, is."""
    at = start
    for below, above in pairwise(range(start, -1, -1)):
        text = lines[above].text
        if lines[above].quoted or (text.strip() and not is_rule(text)):
            return at
        at = above if is_rule(text) else at
        if below - above and start - above > _FEWEST_BARE_LINES + 1:
            return at
    return at
