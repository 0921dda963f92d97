"""Looking for quotations takes linear time and loses nothing, whatever the input (case S26)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugdesk_mailbox.quotes.html import FOLD, UNFOLD, fold_quote
from plugdesk_mailbox.quotes.signature import signature_start
from plugdesk_mailbox.quotes.text import quote_start, reply_text

LONG = 3_000_000
LONGEST = 6.0
"""Seconds for three million characters, on a busy machine; a quadratic pass takes hours."""
SHORT = 3_000

TEXTS = {
    "regex": "a b ",
    "quotes": "> > > ",
    "on": "On On On ",
    "wrote": "wrote wrote ",
    "at": "a@",
    "dates": "1.1.",
    "lines": "On 1 <a@b>\n",
    "attributions": "On 2026-01-01 a@b\nwrote:\n",
    "unfinished attributions": "On 2026-01-01 at 15:05 a@b\n<c\n",
    "quoted lines": "> x\n",
    "between": "> a\nb\n",
    "headers": "From: a@b\nDate: 1\n",
    "dashes": "--\n",
    "rules": "-----\n",
    "empty lines": "\n",
    "colons": ":\n",
    "long lines": "a b " * 120 + ":\n",
    "devices": "Sent from my \n",
}
MARKUP = {
    "tags": "<",
    "comments": "<!--",
    "attributes": '<a "',
    "values": '<a b="',
    "many attributes": "<a " + "b=1 " * 100 + ">",
    "elements": "<div></div>",
    "nested": "<div>",
    "nested quotations": "<blockquote type=cite>x",
    "quotations": "<blockquote type=cite>x</blockquote>",
    "containers": "<div class=gmail_quote>x",
    "paragraphs": "<p>a",
    "ends": "</div>",
    "tables": "<table><td></div>",
    "entities": "&nbsp;",
    "styles": "<style>",
    "introductions": "<br>On 1 a@b wrote:",
    "raw": "<title></titl",
    "style": '<div style="' + "display:" * 500 + '">x</div>',
}


def timed(work: Callable[[str], object], text: str) -> float:
    begun = time.monotonic()
    work(text)
    return time.monotonic() - begun


@pytest.mark.parametrize("unit", TEXTS.values(), ids=TEXTS)
def test_text_takes_linear_time(unit: str) -> None:
    """Three kilobytes are done at once, three megabytes within seconds."""
    for work in (quote_start, reply_text, signature_start):
        assert timed(work, f"Hi\n\n{unit * (SHORT // len(unit))}wrote:") < LONGEST / 10
    assert timed(quote_start, f"Hi\n\n{unit * (LONG // len(unit))}") < LONGEST


@pytest.mark.parametrize("unit", MARKUP.values(), ids=MARKUP)
def test_html_takes_linear_time(unit: str) -> None:
    """Three kilobytes are done at once, three megabytes within seconds."""
    end = "<blockquote type=cite>x</blockquote>"
    assert timed(fold_quote, f"<p>Hi</p>{unit * (SHORT // len(unit))}{end}") < LONGEST / 10
    assert timed(fold_quote, f"<p>Hi</p>{unit * (LONG // len(unit))}{end}") < LONGEST


def test_the_longest_mail_that_is_looked_through_is_quick() -> None:
    """Just below the limit of lines the time is still that of a page, not of a night."""
    for unit in ("From: a@b\n", "On 2026-01-01 a@b\n", "> a\nb\n", "-----\n", "x:\n"):
        assert timed(quote_start, "Hi\n\n" + unit * (29_000 // unit.count("\n"))) < LONGEST


LINES = st.sampled_from(
    [
        *("Hello", "", "> quoted", ">> older", "On 2 Mar 2026, at 15:05, Mina <m@x.test> wrote:"),
        *("-----Original Message-----", "From: Mina <m@x.test>", "Sent: 2 March 2026", "To: Ann"),
        *(
            "Subject: x",
            "2026년 3월 2일 오후 3:05, 홍길동 <a@b.test>님이 작성:",
            "-- ",
            "______",
            "<",
        ),
        *("wrote:", "> wrote:", "---------- Forwarded message ----------", "내용입니다.", ":"),
    ]
)


@given(st.lists(LINES, max_size=14), st.sampled_from(["\n", "\r\n"]))
def test_a_quotation_begins_at_a_line_after_something_of_the_sender(
    lines: list[str], newline: str
) -> None:
    """The offset is that of a line's first character, and what is before it is not blank."""
    text = newline.join(lines)
    start = quote_start(text)
    if start is not None:
        assert text[:start].strip()
        assert text[:start].endswith(newline)
        assert text[start:].strip()


@given(st.lists(LINES, max_size=10))
def test_an_answer_after_quoted_lines_is_never_hidden(lines: list[str]) -> None:
    """What nobody introduced as somebody else's stays in sight."""
    answer = "\n".join(["> quoted", "", "This is what I wanted to say about it all, in full."])
    text = "\n".join(line for line in lines if line[:1] in ("", ">", "H", "내")) + "\n" + answer
    assert quote_start(text) is None


PIECES = st.sampled_from(
    [
        *("Hello", "<p>", "</p>", "<br>", "<div>", "</div>", "<table>", "<tr>", "<td>", "</table>"),
        *("<blockquote type=cite>", "<blockquote>", "</blockquote>", "<div class=gmail_quote>"),
        *("<hr>", "<img src=x>", "&nbsp;", "<b>", "</b>", "<ul>", "<li>", "</ul>", "<pre>", "\n"),
        *("On 2 Mar 2026, at 15:05, Mina &lt;m@x.test&gt; wrote:", "-----Original Message-----"),
        *(
            "<!-- x -->",
            "<style>p{}</style>",
            "<div id=divRplyFwdMsg>",
            "감사합니다",
            "<",
            "</pre>",
        ),
    ]
)


@given(st.lists(PIECES, max_size=20))
def test_folding_adds_a_fold_and_changes_nothing_else(pieces: list[str]) -> None:
    """Without the fold's own tags the markup is what it was."""
    html = "".join(pieces)
    folded = fold_quote(html)
    if folded != html:
        before, mark, rest = folded.partition(FOLD)
        inside, end, after = rest.rpartition(UNFOLD)
        assert mark
        assert end
        assert before + inside + after == html
        assert before.strip()
        assert inside.strip()


@given(st.text(alphabet="<>/!-=\"' abdiv&;\n", max_size=60))
def test_any_characters_are_markup(html: str) -> None:
    """Nothing makes folding fail."""
    assert fold_quote(html).replace(FOLD, "").replace(UNFOLD, "") == html
