"""Customers' HTML made harmless, once and last: nothing edits the result afterwards."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import nh3

from plugdesk.errors import ParseLimit
from plugdesk.i18n import lazy_gettext

#: nh3 takes time quadratic in the depth of open elements (measured: 100,000 `<div>` 73 s).
DEEPEST = 2_000
LONGEST = 4_000_000

#: Void elements, and those whose next sibling closes them: alone they add no depth.
_NEVER_DEEP = frozenset(
    [
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
        *("source", "track", "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody"),
        *("tfoot", "option", "optgroup", "colgroup", "rp", "rt"),
    ]
)
_TAGS = nh3.ALLOWED_TAGS - {"map", "area"} | {"font", "center", "big", "tt", "address", "main"}
_COMMON = {
    "align",
    "bgcolor",
    "color",
    "dir",
    "height",
    "lang",
    "style",
    "title",
    "valign",
    "width",
}
_ATTRIBUTES = {
    "*": _COMMON,
    "a": {"href", "name"},
    "col": {"span"},
    "colgroup": {"span"},
    "font": {"face", "size"},
    "img": {"alt", "src", "border"},
    "li": {"value"},
    "ol": {"start", "type", "reversed"},
    "table": {"border", "cellpadding", "cellspacing", "summary"},
    "td": {"colspan", "rowspan", "nowrap", "headers"},
    "th": {"colspan", "rowspan", "nowrap", "scope", "headers"},
}
#: Properties that only change how text, boxes and tables look: nothing that loads an address,
#: leaves the flow of its frame, or runs over time.
_SIDES = ("", "-top", "-right", "-bottom", "-left")
_PROPERTIES = {
    *(f"{box}{side}" for box in ("margin", "padding") for side in _SIDES),
    *(f"border{side}{part}" for side in _SIDES for part in ("", "-color", "-style", "-width")),
    *("background-color", "border-collapse", "border-radius", "border-spacing", "color"),
    *("direction", "display", "font", "font-family", "font-size", "font-style", "font-variant"),
    *("font-weight", "height", "letter-spacing", "line-height", "list-style-type", "max-width"),
    *("min-width", "overflow-wrap", "table-layout", "text-align", "text-decoration"),
    *("text-indent", "text-transform", "vertical-align", "white-space", "width", "word-break"),
    *("word-spacing", "word-wrap"),
}


def sanitize(html: str) -> str:
    """Return `html` with nothing left that runs, loads by style, or submits.

    Images keep their address: whether it is loaded is up to the frame's Content-Security-Policy.
    Cleaning twice gives the same as cleaning once. Raises ParseLimit for markup that would take
    too long.
    """
    check_depth(html)
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style", "title", "noscript", "template", "svg", "math"},
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        filter_style_properties=_PROPERTIES,
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def check_depth(html: str) -> None:
    """Raise ParseLimit when `html` is too long or nests too deeply to be cleaned in time."""
    if len(html) > LONGEST:
        msg = lazy_gettext(
            "The HTML part has %(length)s characters; the limit is %(limit)s.",
            length=f"{len(html):,}",
            limit=f"{LONGEST:,}",
        )
        raise ParseLimit(msg)
    _DepthGuard().feed(html)


class _DepthGuard(HTMLParser):
    """Counts open elements, never fewer than an HTML5 parser would have open."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self._open: Counter[str] = Counter()
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NEVER_DEEP:
            return
        self._open[tag] += 1
        self._depth += 1
        if self._depth > DEEPEST:
            msg = lazy_gettext(
                "The HTML part nests more than %(limit)s elements.", limit=f"{DEEPEST:,}"
            )
            raise ParseLimit(msg)

    def handle_endtag(self, tag: str) -> None:
        if self._open[tag] > 0:
            self._open[tag] -= 1
            self._depth -= 1
