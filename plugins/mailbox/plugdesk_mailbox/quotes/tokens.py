"""Tags and texts of HTML with their positions, read in one pass as a browser would split them.

Made because positions are what folding needs: parsers that build a tree have none, and
`html.parser` takes quadratic time for some broken tags.
"""

from __future__ import annotations

import html as html_module
import re
from collections.abc import Iterator
from dataclasses import dataclass

from plugdesk_mailbox.quotes.elements import RAW_TEXT

_NAME_OR_OTHER = re.compile(r"</?([a-zA-Z][^\s/>]*)|<[!?/]")
_QUOTED_OR_END = re.compile(r"""=\s*(["'])|>""")
_ATTRIBUTE = re.compile(
    r"""([^\s"'<>/=]{1,40})\s{0,8}=\s{0,8}(?:"([^"]*)"|'([^']*)'|([^\s"'>]{1,2000}))"""
)
_LONGEST_TAG = 8_000


class Unfinished(Exception):
    """The markup ends within a tag or a comment, so that its last part is lost to readers."""


@dataclass(slots=True, frozen=True)
class Token:
    """A start tag, an end tag or a piece of text, from `start` to `end`."""

    kind: str
    """`open`, `close` or `text`."""
    name: str
    start: int
    end: int


def tokens(html: str) -> Iterator[Token]:
    """Yield tags and texts in order; comments and the contents of scripts are left out.

    Raises Unfinished where a tag or comment has no end.
    """
    at = 0
    while at < len(html):
        mark = html.find("<", at)
        mark = len(html) if mark < 0 else mark
        if mark > at:
            yield Token("text", "", at, mark)
        if mark == len(html):
            return
        found = _NAME_OR_OTHER.match(html, mark)
        if found is None:
            yield Token("text", "", mark, mark + 1)
            at = mark + 1
        elif found[1] is None:
            at = _other_end(html, mark)
        else:
            at = _tag_end(html, found.end())
            name = found[1].lower()
            closing = html[mark + 1] == "/"
            yield Token("close" if closing else "open", name, mark, at)
            if name in RAW_TEXT and not closing:
                at = _raw_end(html, name, at)


def attributes(html: str, token: Token) -> dict[str, str]:
    """Return the attributes of a start tag, names in lower case."""
    tag = html[token.start + 1 + len(token.name) : min(token.end, token.start + _LONGEST_TAG)]
    if "=" not in tag:
        return {}
    return {
        found[1].lower(): html_module.unescape(found[2] or found[3] or found[4] or "")
        for found in _ATTRIBUTE.finditer(tag)
    }


def _tag_end(html: str, at: int) -> int:
    while True:
        found = _QUOTED_OR_END.search(html, at)
        if found is None:
            raise Unfinished
        if found[1] is None:
            return found.end()
        at = html.find(found[1], found.end()) + 1
        if not at:
            raise Unfinished


def _other_end(html: str, mark: int) -> int:
    if not html.startswith("<!--", mark):
        end = html.find(">", mark)
    elif html.startswith((">", "->"), mark + 4):
        return html.index(">", mark) + 1
    else:
        end = html.find("-->", mark + 4)
        end = end + 2 if end >= 0 else end
    if end < 0:
        raise Unfinished
    return end + 1


def _raw_end(html: str, name: str, at: int) -> int:
    found = re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE).search(html, at)
    if found is None:
        raise Unfinished
    return found.start()
