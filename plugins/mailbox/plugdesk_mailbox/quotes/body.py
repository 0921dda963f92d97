"""HTML as lines: what a reader sees, where it stands, and what is inside a quotation."""

from __future__ import annotations

import html as html_module
import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from plugdesk_mailbox.quotes.clients import Role, role
from plugdesk_mailbox.quotes.elements import BLOCK, SCOPES, TABLE_PARTS, VOID
from plugdesk_mailbox.quotes.lines import Line
from plugdesk_mailbox.quotes.tokens import Token, Unfinished, attributes, tokens

_BLANKS = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff]+")
_LONGEST_LINE = 2_000
_DEEPEST = 2_000
_MOST_TOKENS = 200_000
_RULE = "_____"
_PICTURE = "[…]"
_HIDDEN = re.compile(r"(?:^|;)\s{0,9}display\s{0,9}:\s{0,9}none")
_KEEPS_BREAKS = re.compile(r"(?:^|;)\s{0,9}white-space\s{0,9}:\s{0,9}(?:pre|break-spaces)")
_IMPLIED_END = frozenset(("p", "li", "dt", "dd", "tr", "td", "th", "option"))


@dataclass(slots=True, eq=False)
class Element:
    """An open element."""

    name: str
    start: int
    parent: Element | None
    role: Role
    close: int = -1
    """Where its end tag begins, or where it ends without one."""
    blockquote: int | None = None
    """Where the first blockquote in it begins."""
    hidden: bool = False
    keeps_breaks: bool = False
    quoted: bool = False
    """Whether everything in it is quotation."""
    quoted_before: int = 0
    """Up to where everything in it is quotation."""


@dataclass(slots=True)
class Body:
    """The lines of `html`; `starts` and `parents` say where each stands."""

    html: str
    lines: list[Line] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    parents: list[Element | None] = field(default_factory=list)
    ink: list[int] = field(default_factory=list)
    """Where something visible stands, in order."""

    def blank(self, start: int, end: int) -> bool:
        """Say whether nothing is visible from `start` to `end`."""
        at = bisect_left(self.ink, start)
        return at == len(self.ink) or self.ink[at] >= end


def read_body(html: str) -> Body:
    """Return the lines of `html`. Linear.

    Raises Unfinished when the markup breaks off, or has more tags than any mail needs.
    """
    reader = _Reader(html)
    for count, token in enumerate(tokens(html)):
        if count > _MOST_TOKENS:
            raise Unfinished
        reader.take(token)
    return reader.end()


class _Reader:
    """Takes tokens, keeps the open elements, and lays what is visible out in lines."""

    def __init__(self, html: str) -> None:
        self._body = Body(html)
        self._elements: list[Element] = []
        self._open: list[Element] = []
        self._scopes: list[Counter[str]] = [Counter()]
        self._words: list[str] = []
        self._length = 0
        self._opens = self._may_open = self._to_end = False

    def take(self, token: Token) -> None:
        if token.kind == "text":
            self._text(token)
            return
        if token.name in BLOCK:
            self._end_line()
        if token.kind == "close":
            self._close(token)
        elif token.name in ("hr", "img"):
            self._drawn(token)
        elif token.name not in VOID:
            self._enter(token)

    def end(self) -> Body:
        self._end_line()
        while self._open:
            self._pop(len(self._body.html))
        for element in self._elements:
            _inherit(element)
        for line, start, parent in zip(
            self._body.lines, self._body.starts, self._body.parents, strict=True
        ):
            line.quoted |= parent is not None and (parent.quoted or start < parent.quoted_before)
        return self._body

    def _enter(self, token: Token) -> None:
        if self._open and self._open[-1].name == token.name and token.name in _IMPLIED_END:
            self._pop(token.start)
        if len(self._open) >= _DEEPEST:
            raise Unfinished
        parent = self._open[-1] if self._open else None
        given = attributes(self._body.html, token)
        element = Element(token.name, token.start, parent, role(token.name, given))
        style = given.get("style", "")[:_LONGEST_LINE].lower()
        element.hidden = bool(_HIDDEN.search(style)) or (parent is not None and parent.hidden)
        element.keeps_breaks = token.name == "pre" or bool(_KEEPS_BREAKS.search(style))
        element.keeps_breaks |= parent is not None and parent.keeps_breaks
        self._opens |= element.role in (Role.CONTAINER, Role.QUOTE)
        self._may_open |= element.role is Role.BLOCKQUOTE
        self._to_end |= element.role is Role.TO_END
        if element.role in (Role.QUOTE, Role.BLOCKQUOTE) and token.name == "blockquote":
            _tell_ancestors(element)
        self._elements.append(element)
        self._open.append(element)
        self._scopes[-1][token.name] += 1
        if token.name in SCOPES:
            self._scopes.append(Counter())

    def _close(self, token: Token) -> None:
        name = token.name
        if name in TABLE_PARTS:
            if not any(scope[name] for scope in self._scopes[-_DEEPEST:]):
                return
        elif not self._scopes[-1][name]:
            return
        while self._open and self._pop(token.start) != name:
            pass

    def _pop(self, end: int) -> str:
        element = self._open.pop()
        element.close = end
        if element.name in SCOPES:
            self._scopes.pop()
        self._scopes[-1][element.name] -= 1
        return element.name

    def _text(self, token: Token) -> None:
        parent = self._open[-1] if self._open else None
        if parent is not None and parent.hidden:
            return
        if parent is None or not parent.keeps_breaks:
            self._write(token.start, self._body.html[token.start : token.end])
            return
        at = token.start
        for line in self._body.html[token.start : token.end].splitlines(keepends=True):
            self._write(at, line)
            at += len(line)
            if line.endswith(("\n", "\r")):
                self._end_line()

    def _write(self, start: int, raw: str) -> None:
        text = _BLANKS.sub(" ", html_module.unescape(raw) if "&" in raw else raw)
        if text.strip():
            self._put(start + len(raw) - len(raw.lstrip()), text, visible=True)
        elif self._words and text:
            self._words.append(" ")

    def _drawn(self, token: Token) -> None:
        if token.name == "hr":
            self._put(token.start, _RULE, visible=False)
            self._end_line()
        elif _is_picture(attributes(self._body.html, token)):
            self._put(token.start, _PICTURE, visible=True)

    def _put(self, start: int, text: str, *, visible: bool) -> None:
        if not self._words:
            self._body.starts.append(start)
            self._body.parents.append(self._open[-1] if self._open else None)
            self._length = 0
        if visible:
            self._body.ink.append(start)
        if self._length < _LONGEST_LINE:
            self._words.append(text[:_LONGEST_LINE])
            self._length += len(text)

    def _end_line(self) -> None:
        if not self._words:
            return
        text = "".join(self._words).strip()
        self._words.clear()
        line = Line(text, text.startswith(">"), self._opens, self._may_open, self._to_end)
        self._body.lines.append(line)
        self._opens = self._may_open = self._to_end = False


def _is_picture(given: dict[str, str]) -> bool:
    """Say whether an image is there to be seen, not to count readers."""
    sizes = (given.get("width", "").strip(), given.get("height", "").strip())
    return not {"0", "1", "1px", "0px"}.issuperset(sizes) and not _HIDDEN.search(
        given.get("style", "")[:_LONGEST_LINE].lower()
    )


def _tell_ancestors(blockquote: Element) -> None:
    above = blockquote.parent
    while above is not None and above.blockquote is None:
        above.blockquote = blockquote.start
        above = above.parent


def _inherit(element: Element) -> None:
    """Work out what of `element` is quotation; its parent's turn was before."""
    parent = element.parent
    if parent is not None:
        element.quoted, element.quoted_before = parent.quoted, parent.quoted_before
    element.quoted |= element.role in (Role.QUOTE, Role.BLOCKQUOTE)
    if element.role is Role.CONTAINER:
        element.quoted |= element.blockquote is None
        element.quoted_before = max(element.quoted_before, element.blockquote or 0)
