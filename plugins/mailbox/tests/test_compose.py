"""What leaves is what was written: read back with the standard library's parser."""

from __future__ import annotations

import email
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage, MIMEPart
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plugdesk.plugin import Address, Attachment, OutgoingMessage
from plugdesk_mailbox.settings import MailboxSettings
from plugdesk_mailbox.smtp.compose import compose, needs_utf8, recipients

MakeReply = Callable[..., OutgoingMessage]
CREATED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
BASIC: dict[str, Any] = {
    "imap_host": "imap.desk.test",
    "smtp_host": "smtp.desk.test",
    "username": "support@desk.test",
    "password": "secret",
}


def config(**changes: Any) -> MailboxSettings:
    """Return settings of a mailbox; keywords change fields."""
    return MailboxSettings.model_validate(BASIC | changes)


def message(**changes: Any) -> OutgoingMessage:
    """Return a reply; keywords change fields."""
    values: dict[str, Any] = {
        "message_id": "reply-1.token@desk.test",
        "sender": Address("Support", "support@desk.test"),
        "to": (Address("Ann", "ann@customer.test"),),
        "subject": "Re: My order",
        "text": "It is on its way.\n",
        "html": "<p>It is on its way.</p>\n",
        "created_at": CREATED,
    }
    return OutgoingMessage(**(values | changes))


def composed(settings: MailboxSettings | None = None, **changes: Any) -> EmailMessage:
    """Compose a reply and read it back."""
    raw = compose(message(**changes), settings or config())
    return email.message_from_bytes(raw, policy=policy.default)


def content(part: MIMEPart) -> str:
    """Return a text part as a mail client shows it."""
    return str(part.get_content()).replace("\r\n", "\n")


def test_the_usual_reply() -> None:
    """Identity, threading and both forms of the text, as every mail client expects them."""
    mail = composed(
        in_reply_to="b@customer.test",
        references=("a@customer.test", "b@customer.test"),
        reply_to=Address("", "support+t1@desk.test"),
        cc=(Address("Bo", "bo@customer.test"), Address("", "cy@customer.test")),
        bcc=(Address("", "hidden@desk.test"),),
    )
    assert mail["From"] == "Support <support@desk.test>"
    assert mail["To"] == "Ann <ann@customer.test>"
    assert mail["Cc"] == "Bo <bo@customer.test>, cy@customer.test"
    assert mail["Reply-To"] == "support+t1@desk.test"
    assert mail["Subject"] == "Re: My order"
    assert mail["Message-ID"] == "<reply-1.token@desk.test>"
    assert mail["In-Reply-To"] == "<b@customer.test>"
    assert mail["References"].split() == ["<a@customer.test>", "<b@customer.test>"]
    assert mail["Date"].datetime == CREATED
    assert mail["Auto-Submitted"] is None
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert "hidden" not in str(mail)


def test_blind_copies_are_in_the_envelope_alone() -> None:
    """Everybody gets it once; nobody sees the blind copies."""
    everyone = message(
        cc=(Address("", "ann@customer.test"),), bcc=(Address("", "hidden@desk.test"),)
    )
    assert recipients(everyone) == ["ann@customer.test", "hidden@desk.test"]


def test_the_same_message_gives_the_same_bytes() -> None:
    """The copy for the Sent folder is the message that left."""
    attachment = Attachment(name="a.txt", content_type="text/plain", content=b"abc")
    assert compose(message(attachments=(attachment,)), config()) == compose(
        message(attachments=(attachment,)), config()
    )


def test_automatic_mail_says_so() -> None:
    """RFC 3834, and Exchange's own header, keep machines from answering each other."""
    mail = composed(automatic=True)
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"


def test_name_and_signature_come_from_the_account() -> None:
    """The owner's name and signature are used; the signature is plain text, never markup."""
    mail = composed(config(from_name="가게, 고객지원", signature="Shop & Co <1>\nSeoul"))
    assert mail["From"].addresses[0].display_name == "가게, 고객지원"
    plain, html = (content(part) for part in mail.iter_parts())
    assert plain.endswith("\n-- \nShop & Co <1>\nSeoul\n")
    assert "Shop &amp; Co &lt;1&gt;<br>Seoul" in html


def test_text_alone_stays_text() -> None:
    """Without HTML there is one part."""
    mail = composed(html="")
    assert mail.get_content_type() == "text/plain"
    assert content(mail) == "It is on its way.\n"


def test_images_of_the_text_are_related_to_it_and_files_are_not() -> None:
    """mixed(alternative(text, related(html, image)), file), which common clients show rightly."""
    image = Attachment(
        name="logo.png", content_type="image/png", content=b"png", content_id="logo@x", inline=True
    )
    unused = Attachment(
        name="b.png", content_type="image/png", content=b"b", content_id="b@x", inline=True
    )
    report = Attachment(name="r.pdf", content_type="application/pdf", content=b"%PDF")
    mail = composed(html='<img src="cid:logo@x">', attachments=(image, report, unused))
    structure = [part.get_content_type() for part in mail.walk()]
    assert structure == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
        "image/png",
    ]
    related = [part for part in mail.walk() if part["Content-ID"]]
    assert [str(part["Content-ID"]) for part in related] == ["<logo@x>", "<b@x>"]
    assert related[0].get_content_disposition() == "inline"


NAMES = [
    "report.pdf",
    'a "quoted" \\ name.txt',
    "견적서 2026년 3월.pdf",
    "日本語の長い名前" * 12 + ".docx",
    "émoji 🎉.png",
    "x" * 140 + ".txt",
    "semi;colon=equals'.txt",
    "=?utf-8?b?aGk=?=.txt",
]


@pytest.mark.parametrize("name", NAMES)
def test_attachments_keep_bytes_and_names(name: str) -> None:
    """Names come back from RFC 2231 and, for older readers, from the Content-Type too."""
    content = bytes(range(256)) * 40
    attachment = Attachment(name=name, content_type="application/pdf", content=content)
    mail = composed(attachments=(attachment,))
    (part,) = mail.iter_attachments()
    expected = name.replace("\\", "_")
    assert part.get_filename() == expected
    assert part.get_content() == content
    typed = re.sub(r"\r?\n[ \t]", " ", part.as_string().split("\n\n")[0])
    if not name.isascii():
        found = re.search(r'name="((?:=\?utf-8\?B\?[^?]+\?= ?)+)"', typed)
        assert found is not None
        decoded = email.header.make_header(email.header.decode_header(found[1]))
        assert str(decoded) == expected


def test_korean_names_are_composed() -> None:
    """Names from a Mac come decomposed; elsewhere they would fall apart into single letters."""
    name = unicodedata.normalize("NFD", "한글.txt")
    attachment = Attachment(name=name, content_type="text/plain", content=b"")
    (part,) = composed(attachments=(attachment,)).iter_attachments()
    assert part.get_filename() == "한글.txt"


@pytest.mark.parametrize("kind", ["message/rfc822", "multipart/mixed", "text", "a/b\r\nX: y", ""])
def test_types_that_cannot_be_sent_as_they_are_become_opaque(kind: str) -> None:
    """message/* may not be in base64 (RFC 2045, 6.4); the bytes arrive all the same."""
    attachment = Attachment(name="mail.eml", content_type=kind, content=b"Subject: x\r\n\r\ny")
    (part,) = composed(attachments=(attachment,)).iter_attachments()
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_content() == b"Subject: x\r\n\r\ny"


def test_long_threads_keep_their_ends() -> None:
    """References stay short: the first message and the latest, the answered one last."""
    many = tuple(f"{number}@customer.test" for number in range(200))
    found = composed(references=many, in_reply_to="199@customer.test")["References"].split()
    assert len(found) == 20
    assert (found[0], found[-1]) == ("<0@customer.test>", "<199@customer.test>")


def test_the_answered_message_is_always_referred_to() -> None:
    """Clients that read References alone still find the parent."""
    found = composed(references=("a@x.test",), in_reply_to="b@x.test")["References"].split()
    assert found == ["<a@x.test>", "<b@x.test>"]


def test_addresses_beyond_ascii_need_smtputf8() -> None:
    """Only then the headers hold UTF-8; names alone never need it."""
    assert not needs_utf8(message(to=(Address("김철수", "kim@customer.test"),)))
    foreign = message(to=(Address("김철수", "김@customer.test"),))
    assert needs_utf8(foreign)
    assert "김@customer.test".encode() in compose(foreign, config())


def test_long_recipient_lists_are_folded() -> None:
    """Many recipients with long names keep all lines short and every address whole."""
    people = tuple(Address(f"고객 {number}, (주)회사", f"c{number}@x.test") for number in range(80))
    mail = composed(to=people)
    assert [a.addr_spec for a in mail["To"].addresses] == [p.address for p in people]
    assert [a.display_name for a in mail["To"].addresses] == [p.name for p in people]


ANYTHING = st.text(max_size=300)
NASTY = st.sampled_from(
    [
        "a\r\nBcc: evil@evil.test",
        "a\nBcc: evil@evil.test\n\nbody",
        "a\rBcc: evil@evil.test",
        "a\u2028Bcc: evil@evil.test\x85Bcc: x",
        "=?utf-8?q?a=0D=0ABcc:_evil@evil.test?=",
        "=?utf-8?b?YQ0KQmNjOiBldmlsQGV2aWwudGVzdA==?=",
        "\x00\x0b\x0c\x1c\x1d\x1e\x1f\x7f",
        '"; filename="x.exe',
        '\\" <evil@evil.test>, "',
        "x" * 3000,
        " ",
        "\ud800",
    ]
)
TEXT = ANYTHING | NASTY | st.builds(lambda a, b: a + b, ANYTHING, NASTY)
HEADERS = {
    *("Date", "From", "Reply-To", "To", "Cc", "Subject", "Message-ID", "In-Reply-To"),
    *("References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
}


@settings(max_examples=150, deadline=None)
@given(subject=TEXT, name=TEXT, file=TEXT, ident=TEXT, reference=TEXT, kind=TEXT, cid=TEXT)
def test_no_text_becomes_a_header(
    subject: str, name: str, file: str, ident: str, reference: str, kind: str, cid: str
) -> None:
    """CR and LF in whatever disguise are neutralised, and the reply still goes out (RT 2012)."""
    raw = compose(
        message(
            subject=subject,
            sender=Address(name, "support@desk.test"),
            to=(Address(name, "ann@customer.test"),),
            reply_to=Address(name, "support@desk.test"),
            message_id=ident,
            in_reply_to=reference,
            references=(reference, ident),
            attachments=(Attachment(name=file, content_type=kind, content=b"x", content_id=cid),),
        ),
        config(),
    )
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", raw)
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    mail = email.message_from_bytes(raw, policy=policy.compat32)
    assert set(mail.keys()) <= HEADERS
    assert len(mail.keys()) == len(set(mail.keys()))
    parts = [part for part in mail.walk() if not part.is_multipart()]
    assert len(parts) == 3
    assert parts[2].get_payload(decode=True) == b"x"
    for header in ("Subject", "From", "To", "Reply-To"):
        decoded = str(email.header.make_header(email.header.decode_header(str(mail[header]))))
        unfolded = str(mail[header]).replace("\r\n", "")
        assert "\n" not in unfolded
        assert "\r" not in decoded.replace("\r\n", "")
    parsed = email.message_from_bytes(raw, policy=policy.default)
    assert [a.addr_spec for a in parsed["To"].addresses] == ["ann@customer.test"]
    assert [a.addr_spec for a in parsed["From"].addresses] == ["support@desk.test"]


PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=200)


@settings(max_examples=150, deadline=None)
@given(subject=PRINTABLE)
@example("=?utf-8?q?looks_encoded?=")
@example("two  spaces and " + "x" * 300)
@example("짧은 제목 " * 40)
def test_subjects_come_back_as_they_were(subject: str) -> None:
    """Encoding and folding lose nothing, and imitation of encoded words is not decoded."""
    mail = email.message_from_bytes(compose(message(subject=subject), config()))
    read = email.header.make_header(email.header.decode_header(mail["Subject"] or ""))
    assert re.sub(r"\r?\n ", " ", str(read)) == subject.strip()


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=400))
@example("line\r\nline\rline\n.\n..\nFrom me\n--=_x")
@example("가" * 2000)
def test_texts_come_back_as_they_were(text: str) -> None:
    """Text survives; only line ends are unified, and what no mail can hold is replaced."""
    mail = composed(text=text, html="")
    expected = re.sub("[\x00\ud800-\udfff]", "\ufffd", text).replace("\r\n", "\n")
    expected = expected.replace("\r", "\n")
    assert content(mail).rstrip("\n") == expected.rstrip("\n")
