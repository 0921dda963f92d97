"""What other projects' test mails expect, under the corpora's own rules of comparison.

The corpora lie beside the checkout or where PLUGDESK_CORPORA says; without them these tests skip.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from plugdesk.plugin import Address, Automatic
from plugdesk_mailbox.mime import parse
from plugdesk_mailbox.mime.addresses import parse_addresses
from plugdesk_mailbox.mime.bodies import read_bodies
from plugdesk_mailbox.mime.identity import addresses
from plugdesk_mailbox.mime.message import body_charset
from plugdesk_mailbox.mime.tree import read_tree
from plugdesk_mailbox.mime.words import decode_words

Facts = list[tuple[str, bool]]

CORPORA = Path(os.environ.get("PLUGDESK_CORPORA", Path(__file__).parents[4] / "shared" / "corpora"))
LONGEST = 5.0
"""Seconds that one message may take."""

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the mail corpora are not here")

REACHED = {
    "address-mimekit": 6,
    "address-roundcube": 11,
    "auto-alaveteli": 5,
    "auto-discourse": 5,
    "auto-redmine": 5,
    "auto-sisimai": 3,
    "auto-zammad": 7,
    "bounce-alaveteli": 4,
    "bounce-deltachat": 5,
    "bounce-discourse": 6,
    "bounce-enmime": 3,
    "bounce-flufl": 55,
    "bounce-livebg": 20,
    "bounce-sisimai": 283,
    "header-mimekit": 11,
    "header-roundcube": 3,
    "mime-alaveteli": 5,
    "mime-chatwoot": 6,
    "mime-deltachat": 6,
    "mime-discourse": 20,
    "mime-freescout": 4,
    "mime-libredesk": 4,
    "mime-mime4j": 28,
    "mime-phpmime": 9,
    "mime-redmine": 9,
    "mime-stalwart": 35,
    "mime-webklex": 22,
    "mime-zammad": 45,
    "mime-zammad-process": 15,
    "mime-zbateson": 30,
    "robust": 423,
}
"""Cases that passed when last counted, by suite; raise a number with what raises it."""
RECIPIENTS = {
    "bounce-alaveteli": 3,
    "bounce-deltachat": 4,
    "bounce-enmime": 3,
    "bounce-flufl": 44,
    "bounce-sisimai": 262,
}
"""Bounces whose recipients were all named."""


@pytest.fixture(scope="module")
def checks() -> ModuleType:
    """The corpora's rules of comparison."""
    return load_checks()


def load_checks() -> ModuleType:
    tools = CORPORA / "tools"
    sys.path.insert(0, str(tools))
    try:
        spec = importlib.util.spec_from_file_location("corpora_checks", tools / "checks.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(tools))
    return module


def pairs(found: Iterable[Address | None]) -> list[tuple[str, str]]:
    return [(address.name, address.address) for address in found if address]


def as_dict(raw: bytes, *, derived: bool = False) -> dict[str, Any]:
    """Describe a parsed message in the words of the corpora.

    The corpora tell a message's own text from one derived from HTML; a message does not, so
    `derived` says which is meant.
    """
    message = parse(raw)
    root = read_tree(raw)
    own_text = derived or read_bodies(root, body_charset(root)).has_text()
    author = pairs([message.sender])
    return {
        "subject": message.subject,
        "from": author or pairs(addresses(root, "from")),
        "from_name": author[0][0] if author else "",
        "from_address": author[0][1] if author else "",
        "to": pairs(message.to),
        "cc": pairs(message.cc),
        "reply_to": pairs(message.reply_to),
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to[0] if message.in_reply_to else "",
        "date": message.sent_at,
        "text": message.text if own_text else "",
        "html": message.html,
        "attachments": [
            {
                "filename": file.name,
                "content_type": file.content_type,
                "data": file.content,
                "disposition": "inline" if file.inline else "attachment",
                "content_id": file.content_id,
            }
            for file in message.attachments
        ],
    }


def mime_facts(raw: bytes, expect: dict[str, Any], checks: ModuleType) -> Facts:
    return list(checks.mime_checks(expect, as_dict(raw, derived="text_count" in expect)))


def structure_facts(raw: bytes, expect: dict[str, Any], checks: ModuleType) -> Facts:
    found = as_dict(raw)
    contents = [file["data"] for file in found["attachments"]]
    everything = found["text"] + found["html"]
    everything += "".join(content.decode("utf-8", "replace") for content in contents)
    ascii_only = re.sub(r"[^\x21-\x7e]", "", everything)
    hashes = {hashlib.sha256(content).hexdigest() for content in contents}
    facts: Facts = []
    for leaf in expect["leaves"]:
        if leaf.get("sha256"):
            facts.append(("binary", leaf["sha256"] in hashes))
        elif leaf.get("text", "").strip():
            facts.append(("text", re.sub(r"[^\x21-\x7e]", "", leaf["text"]) in ascii_only))
    return facts


def header_facts(raw: bytes, expect: dict[str, Any], checks: ModuleType) -> Facts:
    text, _ = decode_words(raw.decode("ascii", "surrogateescape"))
    escaped = "".join(
        c if ord(c) < 128 else "".join(f"={byte:02X}" for byte in c.encode()) for c in text
    )
    wanted = expect.get("decoded", expect.get("decoded_qp"))
    return [("decoded", wanted in ((text,) if "decoded" in expect else (text, escaped)))]


def address_facts(raw: bytes, expect: dict[str, Any], checks: ModuleType) -> Facts:
    boxes = parse_addresses(raw.decode("ascii", "surrogateescape"))
    found = [(box.name, box.address) for box in boxes if box.address]
    wanted = checks.addr_pairs(expect["addresses"])
    return [
        ("address", [a.lower() for _, a in found] == [a for _, a in wanted]),
        ("name", [checks.norm_ws(n) for n, _ in found] == [checks.norm_ws(n) for n, _ in wanted]),
    ]


def automatic_facts(raw: bytes, expect: dict[str, Any], checks: ModuleType) -> Facts:
    kind = parse(raw).automatic
    if "is_auto_reply" in expect:
        return [("auto", (kind is Automatic.AUTO_REPLY) == expect["is_auto_reply"])]
    if "may_send_auto_response" in expect and "own_fqdn" not in expect:
        return [("may_send", (kind is Automatic.NO) == expect["may_send_auto_response"])]
    return []


def robust_facts(raw: bytes, expect: dict[str, Any], checks: ModuleType) -> Facts:
    begun = time.monotonic()
    parse(raw)
    return [("no_crash", True), ("time", time.monotonic() - begun < expect["max_seconds"])]


def bounce_facts(raw: bytes, expect: dict[str, Any], checks: ModuleType) -> Facts:
    message = parse(raw)
    failed = [report for report in message.reports if report.failed]
    bounced = message.automatic is Automatic.BOUNCE
    delayed = bounced and not failed and bool(message.reports)
    facts: Facts = []
    if "is_bounce" in expect:
        facts.append(("is_bounce", bounced == expect["is_bounce"]))
    if expect.get("is_delay"):
        facts.append(("is_delay", delayed))
    return facts


def recipient_facts(raw: bytes, expect: dict[str, Any], checks: ModuleType) -> Facts:
    recipients = {report.recipient for report in parse(raw).reports}
    facts: Facts = []
    if expect.get("recipients") and expect.get("is_bounce"):
        facts.append(("recipients", recipients == {x.lower() for x in expect["recipients"]}))
    if expect.get("recipients_include"):
        facts.append(("recipients", set(expect["recipients_include"]) <= recipients))
    if "recipients_count" in expect and expect.get("is_bounce"):
        facts.append(("recipients_count", len(recipients) == expect["recipients_count"]))
    return facts


RULES: dict[str, Callable[[bytes, dict[str, Any], ModuleType], Facts]] = {
    "mime": mime_facts,
    "reply_message": mime_facts,
    "mime_structure": structure_facts,
    "header_decode": header_facts,
    "address_list": address_facts,
    "auto": automatic_facts,
    "robust": robust_facts,
    "bounce": bounce_facts,
}


def run_suite(suite: str, checks: ModuleType, rule: str = "") -> tuple[int, int, list[str]]:
    """Return how many cases passed, how many there were, and what failed."""
    passed = total = 0
    failures = []
    for path in sorted((CORPORA / suite).glob("*/expected.json")):
        case = json.loads(path.read_text())
        expect = case["expect"]
        if "*" in (expect.get("_doubtful") or {}) or case["kind"] not in RULES:
            continue
        raw = (path.parent / case["input"]).read_bytes()
        begun = time.monotonic()
        compare = recipient_facts if rule == "recipients" else RULES[case["kind"]]
        facts = compare(raw, expect, checks)
        assert time.monotonic() - begun < LONGEST, f"{suite}/{case['case']} takes too long"
        if not facts:
            continue
        total += 1
        wrong = sorted({name for name, right in facts if not right})
        passed += not wrong
        if wrong:
            failures.append(f"{case['case']}: {', '.join(wrong)}")
    return passed, total, failures


@pytest.mark.parametrize("suite", REACHED)
def test_suite(suite: str, checks: ModuleType) -> None:
    """As many cases pass as once did, none crashes, none takes long."""
    passed, total, failures = run_suite(suite, checks)
    assert passed >= REACHED[suite], f"{passed} of {total} pass:\n" + "\n".join(failures)


@pytest.mark.parametrize("suite", RECIPIENTS)
def test_bounced_recipients(suite: str, checks: ModuleType) -> None:
    """As many bounces name their recipients as once did."""
    passed, total, failures = run_suite(suite, checks, "recipients")
    assert passed >= RECIPIENTS[suite], f"{passed} of {total} pass:\n" + "\n".join(failures)
