"""Customers' HTML is made harmless once, and stays readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugdesk.errors import ParseLimit
from plugdesk.markup.compose import html_from_text
from plugdesk.markup.sanitize import DEEPEST, sanitize

PIECES = st.sampled_from(
    [
        *("<div>", "</div>", "<b", ">", "<svg>", "<style>", "</style>", "<p>", "<table><tr><td>"),
        *(" onanimationstart=alert(1)", " style='animation-name:x'", "<!--", "-->", "&lt;script>"),
        *("<script>", "</script>", "<img src=x onerror=alert(1)>", "<math><mi>", "<noscript>"),
        *("javascript:alert(1)", "<a href='jav&#x09;ascript:x'>", "텍스트", "<details open>"),
        *("<title><img src=1>", "<base href=//evil>", "<form action=//evil>", "<iframe srcdoc='"),
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_cleaning_twice_changes_nothing(html: str) -> None:
    """What comes out is stable, so nothing hides in a second reading (case S15)."""
    once = sanitize(html)

    assert sanitize(once) == once


@pytest.mark.parametrize(
    ("html", "gone"),
    [
        ("<p onclick=x>a</p>", "onclick"),
        ("<script>alert(1)</script>a", "script"),
        ("<style>input[value^=a]{background:url(//evil)}</style>a", "evil"),
        ("<p style='background:url(//evil)'>a</p>", "evil"),
        ("<p style='position:fixed;top:0'>a</p>", "position"),
        ("<a href='javascript:x'>a</a>", "javascript"),
        ("<a href='data:text/html,x'>a</a>", "data:"),
        ("<svg><feImage href='//evil'/></svg>a", "evil"),
        ("<form action='//evil'><input></form>a", "evil"),
        ("<iframe src='//evil'></iframe>a", "evil"),
        ("<base href='//evil'>a", "evil"),
        ("<meta http-equiv=refresh content='0;//evil'>a", "evil"),
        ("<body title='bgcolor=x' name='y style=animation-name:z onanimationstart=q'>a", "onani"),
    ],
)
def test_takes_out_what_acts(html: str, gone: str) -> None:
    """Nothing that runs, loads by style, submits or leaves the frame remains."""
    assert gone not in sanitize(html)


def test_keeps_what_is_read() -> None:
    """Tables, colours, folded quotations and Korean text stay."""
    html = (
        '<table style="border-collapse:collapse"><tr><td bgcolor="#eee">환불</td></tr></table>'
        "<details><summary>•••</summary><blockquote>이전 메일</blockquote></details>"
        '<img src="cid:logo" alt="로고" width="40">'
    )

    cleaned = sanitize(html)

    for kept in ("border-collapse", "환불", "<summary>•••</summary>", "cid:logo", "#eee"):
        assert kept in cleaned


def test_refuses_depth_that_would_take_minutes() -> None:
    """Half a megabyte of nested elements is refused before it is cleaned (case S24)."""
    with pytest.raises(ParseLimit, match="nests"):
        sanitize("<div>" * 100_000)
    with pytest.raises(ParseLimit, match="nests"):
        sanitize("<div></zz>" * 100_000)


def test_long_flat_mail_is_no_depth() -> None:
    """Sloppy mail that never closes its paragraphs and cells is cleaned all the same."""
    rows = "<tr><td>a<td>b<p>c<p>d<br>" * (DEEPEST * 2)

    assert "d" in sanitize(f"<table>{rows}</table>")


@given(st.text())
def test_text_becomes_html_that_needs_no_cleaning(text: str) -> None:
    """An agent's plain text cannot become markup of its own."""
    html = html_from_text(text)

    assert "<script" not in html
    assert html.count("<p>") == html.count("</p>")


def test_links_end_where_the_sentence_ends() -> None:
    """A full stop or bracket after an address is not part of it."""
    html = html_from_text("보세요(https://desk.test/a?b=1&c=2).")

    assert 'href="https://desk.test/a?b=1&amp;c=2"' in html
    assert html.endswith("</a>).</p>")
