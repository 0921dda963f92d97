"""The text that a reader of an HTML body sees, for messages that bring no text of their own.

A real parser (libxml2) reports its events, so the time is linear and nesting costs nothing.
Measured against walking an HTML5 tree, it is as fast on ordinary mail, and a hundred thousand
nested `<div>`s take 0.04 s, not 11 s.
"""

from __future__ import annotations

import re
from typing import Any, cast

from lxml import etree

_SKIPPED = frozenset(
    ("script", "style", "head", "title", "template", "noscript", "xml", "iframe", "object")
)
_PARAGRAPHS = frozenset(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "table", "pre")
)
_BLOCKS = _PARAGRAPHS | frozenset(
    (
        *("address", "article", "aside", "body", "center", "dd", "div", "dt", "fieldset", "figure"),
        *("footer", "form", "header", "hr", "li", "main", "nav", "section", "tr"),
    )
)
_CELLS = frozenset(("td", "th"))
_BLANKS = re.compile("[ \t\r\n\f]+")
_DEEPEST_QUOTE = 20
_MOST_BLANK_LINES = 2


def text_of_html(html: str) -> str:
    """Return the visible text of `html`, with `> ` before quotations. Never raises; linear."""
    if not html.strip():
        return ""
    reader = _Reader()
    parser = etree.HTMLParser(target=cast("Any", reader), huge_tree=True, encoding="utf-8")
    try:
        parser.feed(html.encode("utf-8", "replace"))
        parser.close()
    except etree.LxmlError:
        reader.close()
    return reader.text()


class _Reader:
    """Receives the parser's events and lays the text out in lines."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._line: list[str] = []
        self._has_text = False
        self._skipping = 0
        self._quotes = 0
        self._pre = 0
        self._blank_before: int | None = None
        self._blank_lines = 0

    def start(self, tag: str, attrib: dict[str, str]) -> None:
        if tag in _SKIPPED:
            self._skipping += 1
        elif tag == "br":
            self._break()
        elif tag in _CELLS:
            self._cell()
        elif tag in _BLOCKS:
            self._block(tag)
            if tag == "blockquote":
                self._quotes += 1
            elif tag == "pre":
                self._pre += 1
            elif tag == "li":
                self._write("- ")
        elif tag == "img" and not self._skipping:
            self._write(_BLANKS.sub(" ", attrib.get("alt", "")))

    def end(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skipping = max(0, self._skipping - 1)
        elif tag in _BLOCKS:
            self._block(tag)
            if tag == "blockquote":
                self._quotes = max(0, self._quotes - 1)
            elif tag == "pre":
                self._pre = max(0, self._pre - 1)

    def data(self, data: str) -> None:
        if self._skipping:
            return
        if self._pre:
            first, *others = data.split("\n")
            self._write(first)
            for line in others:
                self._break()
                self._write(line)
            return
        text = _BLANKS.sub(" ", data)
        if self._line or text != " ":
            self._write(text)

    def comment(self, text: str) -> None:
        """Leave comments out."""

    def close(self) -> None:
        """End the last line."""
        if self._line:
            self._break()

    def text(self) -> str:
        """Return everything read so far."""
        return "".join(self._out).strip("\n")

    def _write(self, text: str) -> None:
        self._line.append(text)
        self._has_text = self._has_text or bool(text.strip())

    def _cell(self) -> None:
        if self._has_text:
            self._line.append(" ")

    def _block(self, tag: str) -> None:
        if self._skipping:
            return
        if self._has_text:
            self._break()
        else:
            self._line.clear()
        if tag in _PARAGRAPHS:
            # The blank line between a quotation and its surroundings belongs to the latter.
            depths = (self._quotes, self._blank_before)
            self._blank_before = min(depth for depth in depths if depth is not None)

    def _break(self) -> None:
        line = "".join(self._line).replace("\xa0", " ")
        self._line.clear()
        self._has_text = False
        if self._blank_before is not None:
            self._put("", min(self._blank_before, self._quotes))
            self._blank_before = None
        self._put(line.rstrip() if self._pre else line.strip(), self._quotes)

    def _put(self, line: str, quotes: int) -> None:
        self._blank_lines = 0 if line else self._blank_lines + 1
        if self._blank_lines < _MOST_BLANK_LINES:
            prefix = "> " * min(quotes, _DEEPEST_QUOTE)
            self._out.append(f"{prefix}{line}\n" if line else f"{prefix.rstrip()}\n")
