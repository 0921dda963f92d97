"""Our sentences reach people in their own language, also those that are found out in between."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugdesk.i18n import gettext, joined, lazy_gettext, shown, stored, use_language

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core" / "plugdesk"
SOURCES = sorted(
    path
    for path in [*CORE.rglob("*.py"), *ROOT.glob("plugins/*/plugdesk_*/**/*.py")]
    if not {"testing", "versions"} & set(path.parts)
)
#: Several words that end as a sentence does.
SENTENCE = re.compile(r"\w+ \w+.* .*[.!?:]$", re.DOTALL)
SAID = {"gettext", "_", "lazy_gettext", "ngettext", "pgettext", "N_"}
LOGGED = {"debug", "info", "warning", "error", "exception", "critical", "log"}
#: Sentences that stay English, because no owner, agent or customer reads them.
FOR_PROGRAMMERS = {
    "contract/views.py": "tells the author of a plugin what not to call",
    "db/base.py": "tells who writes a naive moment",
    "db/guests.py": "tells the author of a plugin what it did to the transaction",
    "demo/mail.py": "is what the customers of the samples write",
    "events/delivery.py": "stands among tracebacks",
    "events/failures.py": "stands among tracebacks",
    "events/feed.py": "tells who calls things in the wrong order",
    "jobs/codec.py": "tells who gives a job what it cannot carry",
    "jobs/storage.py": "is SQL",
    "jobs/watch.py": "is logged",
    "plugins/answers.py": "tells the author of a plugin what a hook wants; stands in tracebacks",
    "plugins/desk.py": "tells the author of a plugin where `desk` works",
    "web/numbers.py": "becomes the status 404",
    "imap/client.py": "is told by `connection.telling` in other words",
}


def unsaid(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and text of literals that are neither docstrings, translated nor logged."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            name = getattr(child.func, "id", getattr(child.func, "attr", ""))
            if name in SAID | LOGGED:
                continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "x" for part in child.values)
            yield child.lineno, "".join(map(str, parts))
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.lineno, child.value
        else:
            yield from unsaid(child)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_sentence_goes_through_the_catalogue(path: Path) -> None:
    """A sentence in the source is translated, unless it is listed why nobody but us reads it."""
    found = [(line, text) for line, text in unsaid(ast.parse(path.read_text("utf-8")))
             if SENTENCE.search(text)]  # fmt: skip
    place = "/".join(path.parts[-2:])
    if place in FOR_PROGRAMMERS:
        assert found, "It has no such sentence any more: take it out of the list."
    else:
        assert not found


def test_stored_sentences_are_said_in_the_language_of_the_reader() -> None:
    """What a job found out is one row for everybody, and each reads it in their own language."""
    why = lazy_gettext("The plugin %(plugin)s cannot be used.", plugin="sms")
    kept = stored(joined(why, lazy_gettext("It is not installed."), "“550 no”"))
    assert shown(kept) == "The plugin sms cannot be used. It is not installed. “550 no”"
    with use_language("ko"):
        assert shown(kept) == "sms 플러그인을 쓸 수 없습니다. 설치되어 있지 않습니다. “550 no”"
        assert shown(stored(lazy_gettext("It is not installed."))) == "설치되어 있지 않습니다."


@pytest.mark.parametrize("words", ["100 % full: %(x)s", "a\x1f{", 'b\x1f{"x": 1}', "nul\0 \ud800"])
def test_words_of_others_stay_as_they_are(words: str) -> None:
    """What a server says is no template and no sentence of ours, whatever it looks like."""
    safe = words.replace("\x1f", " ").replace("\0", "\ufffd").replace("\ud800", "?")
    assert shown(stored(words)) == safe
    assert safe in shown(stored(lazy_gettext("The connection broke: %(error)s", error=words)))


def test_a_row_that_was_not_given_by_us_is_shown_as_it_is() -> None:
    """Rows may be older than this way of keeping sentences."""
    assert shown("It was so.\x1fnot ours") == "It was so. not ours"
    assert shown("") == gettext("") == ""
