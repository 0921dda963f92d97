"""Folding the quotation in HTML, as the usual clients write it."""

from __future__ import annotations

import pytest
from plugdesk_mailbox.quotes.html import FOLD, UNFOLD, fold_quote

OUTLOOK_HEAD = (
    "<b>From:</b> Mina &lt;mina@desk.test&gt;<br><b>Sent:</b> Monday, March 2, 2026 3:05 PM<br>"
    "<b>To:</b> Ann<br><b>Subject:</b> Order"
)
OUTLOOK_HEAD_KO = (
    "<b>보낸 사람:</b> 홍길동 &lt;a@desk.test&gt;<br><b>보낸 날짜:</b> 2026년 3월 2일 오후 3:05<br>"
    "<b>받는 사람:</b> 김미나<br><b>제목:</b> 주문"
)
E1 = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"

#: Markup with REPLY where the sender wrote; what is quoted says QUOTED.
CLIENTS = {
    "gmail": (
        '<div dir="ltr">REPLY</div><br><div class="gmail_quote gmail_quote_container">'
        '<div dir="ltr" class="gmail_attr">On Mon, Mar 2, 2026 at 3:05 PM Mina &lt;<a '
        'href="mailto:m@desk.test">m@desk.test</a>&gt; QUOTED wrote:<br></div>'
        '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">QUOTED</blockquote></div>'
    ),
    "gmail ko": (
        '<div dir="ltr">REPLY<div><br></div></div><br><div class="gmail_quote"><div dir="ltr" '
        'class="gmail_attr">2026년 3월 2일 (월) 오후 3:05, 홍길동 &lt;a@desk.test&gt;님이 작성:<br>'
        '</div><blockquote class="gmail_quote">QUOTED</blockquote></div>'
    ),
    "gmail, unknown language": (
        '<div>REPLY</div><div class="gmail_quote"><div>QUOTED zzz<br></div>'
        "<blockquote>QUOTED</blockquote></div>"
    ),
    "apple mail": (
        '<html><head></head><body style="x">REPLY<br><div><br><blockquote type="cite"><div>On 2 '
        "Mar 2026, at 15:05, Mina &lt;m@desk.test&gt; QUOTED wrote:</div><br><div>QUOTED</div>"
        "</blockquote></div><br></body></html>"
    ),
    "iphone ko": (
        '<html><body dir="auto">REPLY<br id="s"><div dir="ltr">나의 iPhone에서 보냄</div>'
        '<div dir="ltr"><br><blockquote type="cite">2026. 3. 2. 오후 3:05, 홍길동 &lt;a@x.test&gt; '
        '작성:<br><br></blockquote></div><blockquote type="cite"><div>QUOTED</div></blockquote>'
        "</body></html>"
    ),
    "thunderbird": (
        '<html><head><meta charset="utf-8"><title>T</title></head><body text="#000"><p>REPLY</p>'
        '<div class="moz-cite-prefix">Am 02.03.26 um 15:05 QUOTED schrieb Mina:<br></div>'
        '<blockquote type="cite" cite="mid:1@x"><p>QUOTED</p></blockquote></body></html>'
    ),
    "outlook web": (
        '<html><body><div>REPLY</div><div><br></div><div id="appendonsend"></div>'
        '<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" '
        f'dir="ltr"><font>{OUTLOOK_HEAD}</font><div>&nbsp;</div></div><div>QUOTED<p>QUOTED</p></div>'
        "</body></html>"
    ),
    "outlook web, unknown language": (
        "<div>REPLY</div><hr><div id=divRplyFwdMsg>QUOTED: zzz<br>Zzz: z</div><div>QUOTED</div>"
    ),
    "outlook desktop": (
        '<body lang=EN><div class="WordSection1"><p class=MsoNormal>REPLY<o:p></o:p></p>'
        f'<div><div style="{E1}"><p class="MsoNormal">{OUTLOOK_HEAD}</p></div></div>'
        "<p class=MsoNormal>QUOTED<o:p>&nbsp;</o:p></p></div></body>"
    ),
    "outlook desktop ko": (
        f'<body><div class=W><p>REPLY</p><div style="{E1}"><p>{OUTLOOK_HEAD_KO}</p></div>'
        "<p>QUOTED</p></div></body>"
    ),
    "outlook classic": (
        "<div>REPLY</div><div>-----Original Message-----<br>From: Mina<br>QUOTED</div>"
    ),
    "outlook mobile": (
        '<div>REPLY</div><div id="ms-outlook-mobile-signature">Get Outlook</div><hr>'
        f'<div id="divRplyFwdMsg">{OUTLOOK_HEAD}</div>QUOTED'
    ),
    "yahoo": (
        '<html><body><div class="ydpx yahoo-style-wrap"><div>REPLY</div><br></div><div '
        'id="yahoo_quoted_1" class="yahoo_quoted"><div><div>On Monday, QUOTED wrote:</div>'
        "<div><div>QUOTED</div></div></div></div></body></html>"
    ),
    "proton": (
        '<div style="font-size:14px">REPLY</div><div class="protonmail_quote">On Monday, QUOTED '
        '&lt;m@desk.test&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">QUOTED'
        "</blockquote><br></div>"
    ),
    "naver": (
        '<div style="font-size:10pt"><p>REPLY</p><br><p>-----Original Message-----<br><b>From:</b>'
        ' "홍길동"&lt;a@desk.test&gt;<br><b>To:</b> mina<br><b>Sent:</b> 2026-03-02 15:05<br>'
        "<b>Subject:</b> 주문</p><div>QUOTED</div></div>"
    ),
    "naver blockquote": (
        '<p>REPLY</p><blockquote style="padding-left:5px;margin-left:5px;border-left:2px solid '
        f'#000">-----Original Message-----<br>{OUTLOOK_HEAD}<br><br>QUOTED</blockquote>'
    ),
    "daum": (
        "<div>REPLY</div><p>--------- 원본 메일 ---------</p><div><b>보낸사람</b>: 홍길동<br>"
        "<b>날짜</b>: 2026년 3월 2일<br></div><div>QUOTED</div>"
    ),
    "mail.ru": (
        'REPLY<br><br><blockquote style="border-left:1px solid #0857A6;">Понедельник, 2 марта '
        "2026, 15:05 +03:00 от QUOTED &lt;m@desk.test&gt;:<br>QUOTED</blockquote>"
    ),
    "yandex": (
        '<div>REPLY</div><div>02.03.2026, 15:05, "Mina" &lt;m@desk.test&gt;:</div>'
        "<blockquote><p>QUOTED</p></blockquote>"
    ),
    "in a table": (
        "<table><tbody><tr><td>REPLY</td></tr><tr><td><div>-----Original Message-----</div>QUOTED"
        "</td></tr></tbody></table>"
    ),
    "text in HTML": (
        '<pre style="white-space: pre">REPLY\n\nOn 02/03/2026 15:05, Mina wrote:\n&gt; QUOTED\n'
        "&gt; QUOTED\n</pre>"
    ),
}
REPLIES = {
    "english": "Thanks, that helps.",
    "korean": "감사합니다.<br>환불은 언제 되나요?",
    "picture": '<img src="cid:1" alt="">',
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
@pytest.mark.parametrize("markup", CLIENTS.values(), ids=CLIENTS)
def test_a_quotation_below_a_reply_is_folded(markup: str, reply: str) -> None:
    """All of the quotation and nothing of the reply is inside, and every character is kept."""
    html = markup.replace("REPLY", reply)
    folded = fold_quote(html)
    before, mark, rest = folded.partition(FOLD)
    inside, end, after = rest.partition(UNFOLD)
    assert mark
    assert end
    assert before + inside + after == html
    assert reply in before
    assert "QUOTED" in inside
    assert "QUOTED" not in before + after


@pytest.mark.parametrize("markup", CLIENTS.values(), ids=CLIENTS)
def test_a_mail_that_is_only_a_quotation_stays(markup: str) -> None:
    """Blanks and invisible pictures are no reply."""
    for nothing in ("", "&nbsp;", '<img src="https://x.test/p.gif" width="1" height="1">'):
        html = markup.replace("REPLY", nothing)
        if "나의 iPhone" not in html and "Get Outlook" not in html:
            assert fold_quote(html) == html


ENDED = {name: html for name, html in CLIENTS.items() if "</blockquote>" in html}


@pytest.mark.parametrize("markup", ENDED.values(), ids=ENDED)
def test_an_answer_below_the_quotation_is_never_hidden(markup: str) -> None:
    """What follows the last blockquote is the sender's."""
    end = markup.rindex("</blockquote>") + len("</blockquote>")
    for answer in ("<div>Yes, and the red one.</div>", '<img src="cid:photo">'):
        html = markup[:end] + answer + markup[end:]
        assert fold_quote(html) == html


@pytest.mark.parametrize(
    "html",
    [
        "<p>See what Goethe says:</p><blockquote>Two souls, alas.</blockquote>",
        "<p>Hi</p><blockquote style='margin:0 0 0 40px;border:none'>indented by Gmail</blockquote>",
        "<p>Hi</p><div class=gmail_quote>---------- Forwarded message ---------<br>From: Bob</div>",
        "<p>FYI</p><div class=gmail_quote>---------- 전달된 메시지 ----------<br>From</div>",
        "<div class=gmail_quote><blockquote>Q1</blockquote>A1<blockquote>Q2</blockquote>A2</div>",
        "<p>From: Seoul<br>To: Busan</p>",
        "plain words",
        "",
    ],
)
def test_what_only_resembles_a_quotation_stays(html: str) -> None:
    """Quoted sayings, indented words, forwards and answers in between are to be read."""
    assert fold_quote(html) == html


@pytest.mark.parametrize(
    "broken",
    ["<p>Hi<blockquote type=cite>x<a href='", "<p>Hi<!-- <blockquote type=cite>x", "<p>Hi<style>x"],
)
def test_markup_that_breaks_off_stays(broken: str) -> None:
    """Its readers do not see the end, so nobody knows what is there."""
    assert fold_quote(broken) == broken


def test_a_reply_inside_the_element_that_holds_the_quotation_stays_outside() -> None:
    """The fold begins where the quotation does, not where its element does."""
    html = f"<div>Blah<br><br><hr>{OUTLOOK_HEAD}<br>QUOTED</div>"
    assert fold_quote(html) == f"<div>Blah<br><br>{FOLD}{html[17:-6]}{UNFOLD}</div>"


def test_where_elements_do_not_allow_a_fold_nothing_happens() -> None:
    """A quotation that begins within one element and ends in another cannot be folded whole."""
    html = f"<div><div>Blah<br>{OUTLOOK_HEAD}</div><p>QUOTED</p></div>"
    assert fold_quote(html) == html


def test_tags_need_not_be_well_formed() -> None:
    """Unclosed, misnested and oddly written tags are read as browsers do."""
    html = "<P>Hi<p>there</b><DIV><b>x</div><BLOCKQUOTE TYPE = cite>QUOTED<p>more<td></blockquote>"
    assert fold_quote(html).index(FOLD) == html.index("<BLOCKQUOTE")


def test_folding_twice_is_folding_once() -> None:
    """A message that is parsed again gets no second fold."""
    once = fold_quote(CLIENTS["gmail"])
    assert fold_quote(once) == once
