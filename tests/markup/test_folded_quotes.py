"""The fold that the mailbox plugin puts around a quotation survives the desk's cleaning."""

from __future__ import annotations

import pytest
from plugdesk.markup.sanitize import sanitize
from plugdesk_mailbox.quotes.html import FOLD, UNFOLD, fold_quote

MAILS = {
    "gmail": (
        '<div dir="ltr">REPLY</div><br><div class="gmail_quote"><div class="gmail_attr">2026년 3월 '
        "2일 (월) 오후 3:05, 홍길동 &lt;a@desk.test&gt;님이 작성:<br></div><blockquote "
        'class="gmail_quote" onclick="x()">QUOTED<script>x()</script></blockquote></div>'
    ),
    "outlook": (
        '<body><div>REPLY</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:'
        "</b> Mina &lt;m@desk.test&gt;<br><b>Sent:</b> Monday<br><b>Subject:</b> Order</div>"
        "<table><tr><td>QUOTED</td></tr></table></body>"
    ),
    "in a paragraph": "<p>REPLY<br>On 2 Mar 2026, at 15:05, a@x.test wrote:<blockquote>QUOTED",
    "in a table": (
        "<table><tr><td>REPLY</td></tr><tr><td>-----Original Message-----<br>QUOTED</table>"
    ),
}


@pytest.mark.parametrize("html", MAILS.values(), ids=MAILS)
def test_the_desk_keeps_the_fold_when_it_cleans(html: str) -> None:
    """The details element is still there, after the reply and around the quotation."""
    before, mark, rest = sanitize(fold_quote(html)).partition(FOLD)
    inside, _, after = rest.rpartition(UNFOLD)
    assert mark
    assert "REPLY" in before
    assert "QUOTED" in inside
    assert "QUOTED" not in after
