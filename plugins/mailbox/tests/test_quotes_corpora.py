"""How much other projects' test mails agree on quotations, under the corpora's own rules.

Each suite's origin has its own taste of signatures and forwards; what differs from ours is:
sign-offs ("Regards, Ann"), which we keep; forwards, which we never fold; a block of only From and
Date, which web forms send too; an introduction on the line of the reply; quotations in a bare
`blockquote`, which may be a saying.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from plugdesk_mailbox.quotes.html import FOLD, UNFOLD, fold_quote
from plugdesk_mailbox.quotes.signature import without_signature
from plugdesk_mailbox.quotes.text import reply_text

CORPORA = Path(os.environ.get("PLUGDESK_CORPORA", Path(__file__).parents[4] / "shared" / "corpora"))
pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the mail corpora are not here")

#: Cases that hold; in brackets what the best library reaches.
REACHED = {
    "reply-alfonsrv": 8,  # (12)
    "reply-crisp": 23,  # (16)
    "reply-deltachat": 3,  # (3)
    "reply-edgetier": 30,  # (14)
    "reply-github": 13,  # (11)
    "reply-quotequail": 1,  # (3)
    "reply-talon": 27,  # (31)
    "reply-trimmer": 33,  # (22)
    "reply-zapier": 7,  # (7)
    "replyhtml-freescout": 1,  # (1)
    "replyhtml-mailspring": 12,  # (11)
    "replyhtml-quotequail": 4,  # (4)
    "replyhtml-talon": 14,  # (15)
}


@pytest.fixture(scope="module")
def rules() -> ModuleType:
    """The corpora's rules of comparison, with its reading of HTML."""
    pytest.importorskip("html5lib")
    tools = CORPORA / "tools"
    sys.path.insert(0, str(tools))
    try:
        spec = importlib.util.spec_from_file_location("corpora_checks", tools / "checks.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(tools))
    return module


def body(case: dict[str, Any], raw: bytes) -> str:
    if case["input"] != "message.eml":
        return raw.decode("utf-8", "replace").replace("\r\n", "\n")
    from plugdesk_mailbox.mime import parse

    return parse(raw).text


def text_holds(case: dict[str, Any], text: str, rules: ModuleType) -> bool:
    """Compare under the origin's own policy of signatures, as the corpora's baseline does."""
    with_signature = reply_text(text)
    bare = without_signature(with_signature)
    policy = case.get("policy", {}).get("signature", "")
    replies = [bare] if policy == "stripped" else [with_signature, bare]
    replies = replies[:1] if policy == "kept" else replies
    expect = case["expect"]
    return any(
        all(right for _, right in rules.reply_checks(expect, reply))
        and ("reply_is_whole_input" not in expect or rules.norm_ws(reply) == rules.norm_ws(text))
        for reply in replies
    )


def html_holds(case: dict[str, Any], html: str, rules: ModuleType) -> bool:
    before, _, rest = fold_quote(html).partition(FOLD)
    shown = rules.nows(rules.visible(before + rest.rpartition(UNFOLD)[2]))
    expect = case["expect"]
    for field in ("reply_visible_text", "reply_text_nows"):
        if field in expect:
            return bool(shown == rules.nows(expect[field]))
    wanted = expect.get("reply_html_nows", expect.get("reply_html"))
    return bool(shown == rules.nows(rules.visible(wanted)))


@pytest.mark.parametrize("suite", REACHED)
def test_no_suite_loses_a_case(suite: str, rules: ModuleType) -> None:
    """What has held so far goes on holding."""
    held = 0
    for path in sorted((CORPORA / suite).glob("*/expected.json")):
        case = json.loads(path.read_text())
        doubtful = case["expect"].pop("_doubtful", None) or {}
        if "*" in doubtful or case["kind"] not in ("reply_text", "reply_html"):
            continue
        case["expect"] = {k: v for k, v in case["expect"].items() if k not in doubtful}
        if not any(name.startswith("reply") or name == "max_seconds" for name in case["expect"]):
            continue
        text = body(case, (path.parent / case["input"]).read_bytes())
        if case["kind"] == "reply_html":
            held += html_holds(case, text, rules)
        else:
            held += text_holds(case, text, rules)
    assert held >= REACHED[suite]
