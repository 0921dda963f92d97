"""How mail clients mark quotations in HTML."""

from __future__ import annotations

import re
from enum import Enum


class Role(Enum):
    """What an element says about what is in it."""

    NONE = "none"
    CONTAINER = "container"
    """An introduction with the quotation: all of it, or up to its blockquote if it has one."""
    QUOTE = "quote"
    """A quotation, or the line that introduces one."""
    BLOCKQUOTE = "blockquote"
    """Quoted, but by the sender's choice unless something introduces it."""
    TO_END = "to_end"
    """The head of a quotation that has no other end than that of the mail."""


_CONTAINERS = frozenset(
    (
        *("gmail_quote", "gmail_quote_container", "protonmail_quote", "yahoo_quoted"),
        *("zmail_extra", "tutanota_quote", "mailru-blockquote", "wrapper-mailquote"),
        *("hwm_quote", "mb_quote", "iCloudQuote", "AppleOriginalContents"),
    )
)
_CONTAINER_IDS = frozenset(
    (
        *("OLK_SRC_BODY_SECTION", "isReplyContent", "reply-intro", "original-content"),
        *("mail-editor-reference-message-container", "composeWebView_previouse_content"),
    )
)
_INTRODUCTIONS = frozenset(("moz-cite-prefix", "gmail_attr", "moz-email-headers-table"))
_HEAD_IDS = frozenset(("divRplyFwdMsg", "divrplyfwdmsg", "ms-outlook-mobile-reference-message"))
#: The line that desktop Outlook draws above From, Sent, To and Subject.
_OUTLOOK_LINE = re.compile(
    r"border:\s?none;\s?border-top:\s?solid (?:#e1e1e1|#b5c4df|rgb\(225, ?225, ?225\)) 1(?:\.0)?pt"
)


def role(name: str, attributes: dict[str, str]) -> Role:
    """Return what the element `name` with `attributes` says about what is in it."""
    if name not in ("div", "blockquote", "span", "section", "table"):
        return Role.NONE
    if name == "blockquote":
        return _blockquote(attributes)
    classes = set(attributes.get("class", "").split())
    identity = attributes.get("id", "").strip()
    if identity in _HEAD_IDS:
        return Role.TO_END
    if identity in _CONTAINER_IDS or classes & _CONTAINERS or identity.startswith("yahoo_quoted"):
        return Role.CONTAINER
    if classes & _INTRODUCTIONS:
        return Role.QUOTE
    drawn = attributes.get("style", "")
    return Role.TO_END if _OUTLOOK_LINE.match(drawn[:400].strip().lower()) else Role.NONE


def _blockquote(attributes: dict[str, str]) -> Role:
    classes = set(attributes.get("class", "").split())
    if attributes.get("type", "").lower() == "cite" or classes & _CONTAINERS:
        return Role.QUOTE
    if "isReplyContent" in attributes.get("id", ""):
        return Role.QUOTE
    style = attributes.get("style", "").replace(" ", "").lower()
    return Role.NONE if "border:none" in style and "border-left" not in style else Role.BLOCKQUOTE
