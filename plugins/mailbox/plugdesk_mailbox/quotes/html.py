"""Quotations in HTML: found in its lines, folded where its elements allow."""

from __future__ import annotations

from plugdesk_mailbox.quotes.body import Body, read_body
from plugdesk_mailbox.quotes.elements import NO_FLOW
from plugdesk_mailbox.quotes.lines import quotation
from plugdesk_mailbox.quotes.tokens import Unfinished

LONGEST = 4_000_000
"""Characters; no quotation is looked for in longer markup."""
FOLD = "<details><summary>•••</summary>"
UNFOLD = "</details>"


def fold_quote(html: str) -> str:
    """Return `html` with the quotation at its end inside a `details` element.

    Every other character stays as it is. Without a certain quotation, or where an element holds
    both the quotation's beginning and something before it but not its end, nothing is folded.
    What is folded already stays as it is.
    Linear in `html`.
    """
    if len(html) > LONGEST or "<" not in html or FOLD in html:
        return html
    try:
        body = read_body(html)
    except Unfinished:
        return html
    first = quotation(body.lines)
    if first is None:
        return html
    region = _region(body, first)
    if region is None:
        return html
    start, end = region
    return f"{html[:start]}{FOLD}{html[start:end]}{UNFOLD}{html[end:]}"


def _region(body: Body, first: int) -> tuple[int, int] | None:
    """Return the widest stretch of siblings that is the quotation and nothing else."""
    start, parent = body.starts[first], body.parents[first]
    choices = [(start, parent)]
    while parent is not None and body.blank(parent.start, start):
        choices.append((parent.start, parent.parent))
        parent = parent.parent
    for begin, holder in reversed(choices):
        if holder is None or holder.name not in NO_FLOW:
            end = len(body.html) if holder is None else holder.close
            if body.blank(end, len(body.html)):
                return begin, end
    return None
