"""Texts of the Korean, Japanese, Chinese and Western worlds, declared well, badly, or not."""

from __future__ import annotations

import base64
import quopri

import pytest
from plugdesk_mailbox.mime import parse

KOREAN = "안녕하세요. 환불을 부탁드립니다. 주문번호 12345"
JAPANESE = "お問い合わせの件、よろしくお願いいたします。ｶﾀｶﾅ"
CHINESE = "您好，我想退款。订单号 12345"
UNUSUAL_KOREAN = "똠방각하 펲시콜라 뷁"

DECLARED = [
    ("ks_c_5601-1987", "cp949", UNUSUAL_KOREAN),
    ("KS_C_5601-1987", "cp949", KOREAN),
    ("euc-kr", "euc_kr", KOREAN),
    ("EUC-KR", "cp949", UNUSUAL_KOREAN),
    ("windows-949", "cp949", KOREAN),
    ("iso-2022-kr", "iso2022_kr", KOREAN),
    ("iso-2022-jp", "iso2022_jp", "お問い合わせの件"),
    ("ISO-2022-JP", "iso2022_jp_ext", JAPANESE),
    ("shift_jis", "cp932", "①②髙橋㈱"),
    ("x-sjis", "cp932", JAPANESE),
    ("euc-jp", "euc_jp", JAPANESE),
    ("gb2312", "gb2312", CHINESE),
    ("gb2312", "gb18030", "朱镕基 㐀 𠀀"),
    ("gbk", "gbk", CHINESE),
    ("big5", "big5", "您好，我想查詢訂單"),
    ("iso-8859-1", "cp1252", "“Grüße” – 20 €"),
    ("windows-1251", "cp1251", "Здравствуйте"),
    ("koi8-r", "koi8_r", "Здравствуйте"),
    ("utf-8", "utf-8", KOREAN + " 🙂"),
    ("UTF-7", "utf-7", KOREAN),
    ("utf-16", "utf-16", KOREAN),
    ('"utf-8"', "utf-8", KOREAN),
]


def mail(body: bytes, charset: str = "", kind: str = "text/plain", encoding: str = "8bit") -> bytes:
    parameter = f"; charset={charset}" if charset else ""
    head = (
        f"From: a@example.com\r\nContent-Type: {kind}{parameter}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize(("charset", "codec", "text"), DECLARED)
def test_a_declared_charset_is_read_in_any_transfer_encoding(
    charset: str, codec: str, text: str
) -> None:
    """The text arrives whole, raw, in base64 and in quoted-printable."""
    data = text.encode(codec)
    for encoding, body in (
        ("base64", base64.encodebytes(data)),
        ("quoted-printable", quopri.encodestring(data)),
        ("8bit", data),
    ):
        if encoding == "8bit" and codec == "utf-16":
            continue
        message = parse(mail(body, charset, encoding=encoding))
        assert message.text.strip() == text
        assert message.defects == ()


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("utf-8", KOREAN),
        ("cp949", KOREAN),
        ("cp949", "회의"),
        ("cp949", "견적서_2024.xlsx"),
        ("cp932", "請求書の件です"),
        ("cp932", "添付ファイル"),
        ("euc_jp", "ご注文の商品"),
        ("gb18030", "你好，我想退款"),
        ("cp950", "您好，我想查詢訂單"),
        ("cp1252", "Grüße aus München"),
        ("cp1252", "Café à la crème"),
        ("cp1252", "Prix 20 €"),
        ("cp1251", "Привет, как дела"),
        ("koi8_r", "Привет, как дела"),
        ("iso2022_jp", "お問い合わせの件"),
        ("iso2022_kr", KOREAN),
    ],
)
def test_undeclared_text_is_guessed(codec: str, text: str) -> None:
    """Bytes without any charset, even few of them, become the text that was meant."""
    assert parse(mail(text.encode(codec))).text == text


@pytest.mark.parametrize(
    "charset",
    [
        *("idna", "punycode", "base64", "hex", "rot13", "zlib", "unicode_escape", "undefined"),
        *("x-unknown", "unknown-8bit", "no-such-charset", "../../x", "a" * 500, "=?utf-8?q?x?="),
    ],
)
def test_a_charset_that_is_none_costs_nothing_but_a_note(charset: str) -> None:
    """Unknown names and codecs that are no charsets are ignored, with a defect to read."""
    message = parse(mail(KOREAN.encode("cp949"), charset))
    assert message.text == KOREAN
    assert message.defects


def test_damaged_text_keeps_what_is_right() -> None:
    """A few wrong bytes become replacement characters, and a defect says so."""
    message = parse(mail(KOREAN.encode() + b"\xff\xfe" + KOREAN.encode(), "utf-8"))
    assert message.text.count("안녕하세요") == 2
    assert "utf-8" in message.defects[0]


def test_a_character_cut_off_at_the_end_does_not_change_the_charset() -> None:
    """A gateway that cuts within a character damages that one alone."""
    assert parse(mail("hello 안".encode()[:-1], "utf-8")).text == "hello \ufffd"


def test_text_that_contradicts_its_charset_is_read_as_what_it_is() -> None:
    """Korean bytes labelled UTF-8 are Korean all the same."""
    message = parse(mail(KOREAN.encode("cp949"), "utf-8"))
    assert message.text == KOREAN
    assert "cp949" in message.defects[0]


def test_html_names_its_charset_when_mime_does_not() -> None:
    """The charset of a `<meta>` counts, but less than MIME's own."""
    page = '<html><head><meta charset="euc-jp"></head><body>注文</body></html>'
    assert "注文" in parse(mail(page.encode("euc_jp"), kind="text/html")).html
    assert "注文" in parse(mail(page.encode("utf-8"), "utf-8", kind="text/html")).html


def test_nec_characters_in_iso_2022_jp() -> None:
    """Numbers in circles, which the standard does not have, are read as mailers mean them."""
    body = b'\x1b$B-!-"\x1b(B ok \x1b$B9b66\x1b(B'
    assert parse(mail(body, "iso-2022-jp")).text == "①② ok 高橋"


def test_iso_2022_kr_without_its_designation() -> None:
    """Shifted text is Korean also when nothing announced it."""
    shifted = bytes(byte & 0x7F for byte in "한글".encode("euc_kr"))
    assert parse(mail(b"a \x0e" + shifted + b"\x0f b", "iso-2022-kr")).text == "a 한글 b"


def test_nul_and_byte_order_marks_do_not_reach_the_text() -> None:
    """No database stores NUL, and nobody reads a byte order mark."""
    message = parse(mail(b"\xef\xbb\xbfa\x00b", "utf-8"))
    assert message.text == "ab"
