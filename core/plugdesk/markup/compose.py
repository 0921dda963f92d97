"""HTML made from an agent's plain text."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_LINK = re.compile(r"https?://[^\s<>\"'`]{1,2000}")
_AFTER_LINK = ".,;:!?)]}'\"。、"


def html_from_text(text: str) -> str:
    """Return `text` as paragraphs and line breaks, with web addresses as links."""
    paragraphs = re.split(r"\n[ \t]*\n", text.strip("\n"))
    return "".join(f"<p>{_lines(paragraph)}</p>" for paragraph in paragraphs)


def _lines(paragraph: str) -> str:
    return "<br>".join(str(linkify(line)) for line in paragraph.split("\n"))


def linkify(line: str) -> Markup:
    """Escape one line and turn its web addresses into links."""
    pieces: list[Markup] = []
    position = 0
    for match in _LINK.finditer(line):
        address = match.group().rstrip(_AFTER_LINK)
        pieces.append(escape(line[position : match.start()]))
        pieces.append(
            Markup(
                '<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>'
            ).format(address)
        )
        position = match.start() + len(address)
    pieces.append(escape(line[position:]))
    return Markup().join(pieces)
