"""The quotation below a reply, from the bytes of a mail to the message that the desk stores."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from plugdesk.plugin import Automatic, IncomingMessage
from plugdesk_mailbox import MailboxChannel, quotes
from plugdesk_mailbox.quotes import message as quotes_message
from plugdesk_mailbox.quotes.html import FOLD

TEXT = (
    "감사합니다.\n\n2026년 3월 2일 (월) 오후 3:05, 홍길동 <a@desk.test>님이 작성:\n\n> 안녕하세요\n"
)
HTML = (
    "<div>감사합니다.</div><div class=gmail_quote><div class=gmail_attr>2026년 3월 2일 (월) 오후 "
    "3:05, 홍길동 &lt;a@desk.test&gt;님이 작성:</div><blockquote>안녕하세요</blockquote></div>"
)


def mail(subject: str, text: str, html: str = "") -> bytes:
    message = EmailMessage()
    message["From"] = "Mina <mina@customer.test>"
    message["Subject"] = subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def test_the_channel_marks_and_folds_quotations() -> None:
    """A parsed mail says where its quotation begins, and its HTML comes folded."""
    message = MailboxChannel.parse(mail("Re: 주문", TEXT, HTML))
    assert message.quote_start is not None
    assert message.text[: message.quote_start].strip() == "감사합니다."
    assert message.html.index(FOLD) > message.html.index("감사합니다.")


def test_a_mail_without_text_of_its_own_is_marked_too() -> None:
    """The text that is derived from HTML shows quotations as such."""
    message = EmailMessage()
    message["From"] = "mina@customer.test"
    message.set_content(HTML, subtype="html")
    parsed = MailboxChannel.parse(message.as_bytes())
    assert parsed.quote_start is not None
    assert parsed.text[: parsed.quote_start].strip() == "감사합니다."


@pytest.mark.parametrize("subject", ["Fwd: Order", "FW: Order", "WG: Bestellung", "전달: 주문"])
def test_a_forward_is_shown_whole(subject: str) -> None:
    """Outlook writes forwards as it writes replies; the subject tells them apart."""
    message = MailboxChannel.parse(mail(subject, TEXT, HTML))
    assert message.quote_start is None
    assert FOLD not in message.html


def test_a_bounce_is_shown_whole() -> None:
    """What a mail server quotes may be the reason that the agent looks for."""
    message = IncomingMessage(sender=None, text=TEXT, html=HTML, automatic=Automatic.BOUNCE)
    assert quotes.apply(message) is message


def test_a_mail_without_quotation_is_as_it_was() -> None:
    """Nothing is marked where nothing is quoted."""
    message = MailboxChannel.parse(mail("Hello", "Where is my order?\n", "<p>Where is it?</p>"))
    assert message.quote_start is None
    assert FOLD not in message.html


def test_a_failure_costs_the_fold_and_not_the_message(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error while looking for quotations is logged; running out of memory is not hidden."""
    message = IncomingMessage(sender=None, text=TEXT)

    def fail(text: str) -> int:
        raise failure

    monkeypatch.setattr(quotes_message, "quote_start", fail)
    failure: BaseException = RuntimeError("broken")
    assert quotes.apply(message) is message
    assert "stays unfolded" in caplog.text
    failure = MemoryError()
    with pytest.raises(MemoryError):
        quotes.apply(message)
