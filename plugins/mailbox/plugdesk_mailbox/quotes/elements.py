"""HTML elements as far as folding has to know them."""

from __future__ import annotations

RAW_TEXT = frozenset(
    ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
)
"""Elements whose content has no tags (HTML Standard, 13.2.5)."""

VOID = frozenset(
    (
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
        *("source", "track", "wbr"),
    )
)

BLOCK = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "br", "center", "dd", "details"),
        *("div", "dl", "dt", "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "table"),
        *("tbody", "tfoot", "thead", "tr", "ul"),
    )
)
"""Elements that begin and end a line; the cells of a row share one."""

NO_FLOW = frozenset(
    (
        *("table", "thead", "tbody", "tfoot", "tr", "colgroup", "ul", "ol", "dl", "select", "head"),
        *("html", "details"),
    )
)
"""Elements that cannot have a fold as a child."""

SCOPES = frozenset(("table", "td", "th", "caption"))
"""Elements that an end tag of another element does not close (HTML Standard, 13.2.4.2)."""

TABLE_PARTS = frozenset(("table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"))
"""Elements whose end tags close such elements."""
