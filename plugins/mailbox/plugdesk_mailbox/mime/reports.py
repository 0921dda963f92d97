"""Delivery reports (RFC 3464) and the bounces of servers that know no such thing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from plugdesk.plugin import DeliveryReport, canonical_address

from plugdesk_mailbox.mime import charsets
from plugdesk_mailbox.mime.bouncetext import is_bounce, reports_in_text
from plugdesk_mailbox.mime.clean import one_line
from plugdesk_mailbox.mime.ids import message_id
from plugdesk_mailbox.mime.tree import Part, walk
from plugdesk_mailbox.mime.words import unfold

_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED_TYPES = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}
)
_FIELD = re.compile(r"^([!-9;-~]+)[ \t]*:[ \t]*([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)", re.MULTILINE)
_BLANK_LINE = re.compile(r"\r?\n[ \t]*\r?\n")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_LONGEST_REPORT = 256 * 1024
_MOST_REPORTS = 500
_PASSING = frozenset({"delayed", "relayed", "delivered", "expanded", "deliverable"})


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a message says about the delivery of another."""

    reports: tuple[DeliveryReport, ...] = ()
    found: bool = False
    """Whether the message is a delivery report at all, be it about a mere delay."""


def read_reports(root: Part, subject: str, text: str) -> Bounce:
    """Return what a message reports about deliveries, in fields or, failing that, in prose."""
    original = ""
    blocks: list[dict[str, str]] = []
    found = False
    for part in walk(root):
        if part.media_type in _STATUS_TYPES:
            found = True
            blocks += _blocks(part)
        elif part.media_type in _RETURNED_TYPES and not original:
            original = _original_id(part)
    reports = [report for block in blocks if (report := _report(block, original))]
    if not reports and (found or is_bounce(root, subject)):
        found = True
        reports = reports_in_text(root, subject, text, original)
    return Bounce(tuple(reports[:_MOST_REPORTS]), found)


def fields_of(text: str) -> dict[str, str]:
    """Return the fields of a block of lines by lower-case name, unfolded, the first of equals."""
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(text):
        found.setdefault(name.lower(), " ".join(unfold(value).split()))
    return found


def _blocks(part: Part) -> list[dict[str, str]]:
    data, _ = part.content()
    text, _ = charsets.decode(data[:_LONGEST_REPORT], part.type_field.token("charset"))
    return [fields_of(block) for block in _BLANK_LINE.split(text)]


def _original_id(part: Part) -> str:
    data, _ = part.content()
    head = data[: 64 * 1024].lstrip().decode("ascii", "surrogateescape")
    return message_id(fields_of(_BLANK_LINE.split(head, maxsplit=1)[0]).get("message-id", ""))


def _report(block: dict[str, str], original: str) -> DeliveryReport | None:
    named = block.get("final-recipient") or block.get("original-recipient") or ""
    recipient = plain_address(named.rpartition(";")[2])
    if not recipient and block.get("original-recipient"):
        recipient = plain_address(block["original-recipient"].rpartition(";")[2])
    if not recipient:
        return None
    status = _STATUS.search(block.get("status", ""))
    action = block.get("action", "").lower().split(" ")[0]
    code = status[1] if status else ""
    return DeliveryReport(
        recipient=recipient,
        status=code,
        diagnostic=one_line(block.get("diagnostic-code", "")),
        failed=action not in _PASSING and not code.startswith("2"),
        original_message_id=original,
    )


def plain_address(text: str) -> str:
    """Return the canonical form of an address in a report, or an empty string."""
    try:
        return canonical_address(text.strip(" \t<>\"'.,;:()"))
    except ValueError:
        return ""
