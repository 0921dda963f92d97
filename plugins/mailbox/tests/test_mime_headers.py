"""Header fields: encoded words, names of files, identifiers, dates."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from plugdesk_mailbox.mime import parse


def subject(value: bytes, head: bytes = b"") -> str:
    return parse(head + b"Subject: " + value + b"\r\n\r\nx").subject


def name(field: bytes) -> str:
    raw = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; " + field
    return parse(raw + b"\r\n\r\n%PDF").attachments[0].name


def b64(data: bytes) -> bytes:
    return base64.b64encode(data)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?utf-8?B?7ZmY67aI?= =?utf-8?B?IOusuOydmA==?=", "환불 문의"),
        (b"=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
        (b"=?utf-8?Q?Caf=C3=A9_au_lait?=", "Café au lait"),
        (b"=?utf-8?q?caf=c3?=\r\n =?utf-8?q?=a9?=", "café"),
        (b"=?utf-8?B?7ZmY6w==?= =?utf-8?B?toguLg==?=", "환불.."),
        (b"=?utf-8?B?7ZmY67?= =?utf-8?B?aI?=", "환불"),
        (b"=?ks_c_5601-1987?B?" + b64("견적".encode("cp949")) + b"?=", "견적"),
        (b"=?ISO-2022-JP?B?" + b64("注文の件".encode("iso2022_jp")) + b"?=", "注文の件"),
        (b"=?gb2312?B?" + b64("退款".encode("gbk")) + b"?= ok", "退款 ok"),
        (b'"=?utf-8?Q?quoted?=" text', '"quoted" text'),
        (b"x=?utf-8?Q?glued?=y", "xgluedy"),
        (b"=?utf-8?Q?with spaces inside?=", "with spaces inside"),
        (b"=?utf-8?Q?What??=", "What?"),
        (b"=?utf-8*ko?Q?language?=", "language"),
        (b"=?utf-8?X?other?=", "=?utf-8?X?other?="),
        (b"=?utf-8?Q?never closed", "=?utf-8?Q?never closed"),
        (b"=?no-such?B?7ZmY67aI?=", "환불"),
        ("생 바이트".encode(), "생 바이트"),
        ("생 바이트".encode("cp949"), "생 바이트"),
        (b"folded\r\n\tline", "folded line"),
    ],
)
def test_subjects_are_decoded(value: bytes, text: str) -> None:
    """Encoded words, split, folded, misplaced or raw, give the text that was meant."""
    assert subject(value) == text


def test_raw_bytes_take_the_charset_of_the_body() -> None:
    """An undeclared subject is most likely written like its body."""
    head = b"Content-Type: text/plain; charset=gb2312\r\n"
    assert subject("报价单".encode("gbk"), head) == "报价单"


@pytest.mark.parametrize(
    "value",
    [
        b"=?utf-8?q?hi=0d=0aBcc:_evil@example.org?=",
        b"=?utf-8?B?" + b64(b"hi\r\nBcc: evil@example.org") + b"?=",
        b"hi\x00\x07\x1b[2J",
        "hi \u202egpj.exe\u2066 \u2028".encode(),
    ],
)
def test_nothing_in_a_subject_breaks_lines_or_reorders_them(value: bytes) -> None:
    """Line ends, controls and direction overrides are gone (case S13)."""
    found = subject(value)
    assert found.startswith("hi")
    assert found.isprintable()


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b'filename="report.pdf"', "report.pdf"),
        (b"filename=report (1).pdf", "report (1).pdf"),
        (b"filename*=UTF-8''%EA%B2%AC%EC%A0%81.pdf", "견적.pdf"),
        (b"filename*0*=UTF-8''%EA%B2%AC; filename*1*=%EC%A0%81; filename*2=.pdf", "견적.pdf"),
        (b"filename*1=b.pdf; filename*0=a", "ab.pdf"),
        (b"filename*=euc-kr'ko'%B0%DF%C0%FB.pdf", "견적.pdf"),
        (b"filename=\"fallback.pdf\"; filename*=UTF-8''%EA%B2%AC.pdf", "견.pdf"),
        (b'filename="=?utf-8?B?6rKs7KCB?=.pdf"', "견적.pdf"),
        (b'filename="' + "견적.pdf".encode("cp949") + b'"', "견적.pdf"),
        (b'filename="' + "견적.pdf".encode() + b'"', "견적.pdf"),
        (b'filename="' + "각.pdf".encode() + b'"', "각.pdf"),
        (b'filename="../../../etc/cron.d/x\x00.html"', "x .html"),
        (b'filename="C:\\\\temp\\\\a.txt"', "a.txt"),
        ('filename="a\u202egpj.exe"'.encode(), "agpj.exe"),
        ('filename="\u200b.htaccess"'.encode(), ".htaccess"),
        (b"filename*=UTF-8''a%0d%0aBcc%3a.txt", "a Bcc:.txt"),
        (b'filename=".."', "attachment-1.pdf"),
        (b'filename=""', "attachment-1.pdf"),
    ],
)
def test_file_names_are_for_people(field: bytes, expected: str) -> None:
    """RFC 2231, RFC 2047 and raw names are read, composed (NFC), and bare of paths (case S20)."""
    assert name(field) == expected


def test_a_very_long_file_name_keeps_its_ending() -> None:
    """Names are cut, but a reader still sees what kind of file it is."""
    found = name(b'filename="' + b"a" * 1000 + b'.docx"')
    assert len(found) == 200
    assert found.endswith("a.docx")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"<a@x> <b@y>", ("a@x", "b@y")),
        (b"<a@x>,\r\n <b@y>", ("a@x", "b@y")),
        (b"<a@x><b@y><a@x>", ("a@x", "b@y")),
        (b"<a\r\n @x>", ("a@x",)),
        (b"a@x b@y", ("a@x", "b@y")),
        (b'Your message of "Tue" <a@x>', ("a@x",)),
        (b'"<a@x>"', ("a@x",)),
        (b"junk", ()),
        (b"<> <<>> <a@x", ("a@x",)),
    ],
)
def test_references_are_found_in_any_writing(value: bytes, expected: tuple[str, ...]) -> None:
    """Brackets, commas, folds, quotation marks and junk do not hide identifiers."""
    message = parse(b"References: " + value + b"\r\nIn-Reply-To: " + value + b"\r\n\r\n")
    assert message.references == expected
    assert message.in_reply_to == expected


@pytest.mark.parametrize("value", [b"<a.b@x>", b"a.b@x", b" <a.b@x> (added by gateway)"])
def test_the_message_id_is_bare(value: bytes) -> None:
    """The identifier stands without brackets, comments and blanks."""
    assert parse(b"Message-ID:" + value + b"\r\n\r\n").message_id == "a.b@x"


def test_many_references_keep_the_first_and_the_latest() -> None:
    """A thread is known by its beginning and its end."""
    value = b" ".join(b"<%d@x>" % number for number in range(5000))
    found = parse(b"References: " + value + b"\r\n\r\n").references
    assert len(found) == 200
    assert (found[0], found[-1]) == ("0@x", "4999@x")


def test_thread_index() -> None:
    """Only the 22 bytes that all letters of a conversation share are kept."""
    data = bytes(range(32))
    found = parse(b"Thread-Index: " + b64(data) + b"\r\n\r\n").thread_index
    assert found == data[:22].hex()
    assert parse(b"Thread-Index: nonsense!\r\n\r\n").thread_index == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Tue, 1 Oct 2024 10:00:00 +0900", datetime(2024, 10, 1, 1, tzinfo=UTC)),
        ("1 Oct 2024 10:00:00 GMT", datetime(2024, 10, 1, 10, tzinfo=UTC)),
        ("Tue, 1 Oct 2024 10:00:00 -0000 (UTC)", datetime(2024, 10, 1, 10, tzinfo=UTC)),
        ("2024-10-01T10:00:00+09:00", datetime(2024, 10, 1, 1, tzinfo=UTC)),
        ("Fri, 31 Dec 2099 23:59:59 +0000", datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("Mon, 1 Jan 1900 00:00:00 +0000", datetime(1900, 1, 1, tzinfo=UTC)),
        ("Tue, 1 Oct 2024 10:00:00 +9999", None),
        ("99 Foo 2024 99:99:99", None),
        ("yesterday", None),
        ("", None),
        ("=?utf-8?q?x?=", None),
    ],
)
def test_dates_are_aware_or_none(value: str, expected: datetime | None) -> None:
    """What is no date is None, never a wrong date, never an error (case C20)."""
    found = parse(f"Date: {value}\r\n\r\n".encode()).sent_at
    if value.endswith("+9999"):
        assert found is None or found.utcoffset() is not None
    else:
        assert found == expected


def test_a_date_keeps_its_zone() -> None:
    """The sender's local time can be shown."""
    found = parse(b"Date: Tue, 1 Oct 2024 10:00:00 +0900\r\n\r\n").sent_at
    assert found is not None
    assert found.tzinfo == timezone(timedelta(hours=9))
