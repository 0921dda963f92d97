"""Letters made to hurt are refused early or read in linear time (case S24)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugdesk.plugin import ParseLimit
from plugdesk_mailbox.mime import parse

HEAD = b"From: a@example.com\nSubject: x\n"
LONGEST = 3.0
"""Seconds of processor time; each of these took a parser minutes, or all of its stack."""


def html(body: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html\n\n" + body


def nested(depth: int) -> bytes:
    levels = (
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth)
    )
    return HEAD + b"".join(levels) + b"\nhi"


MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n"
BOUNCE = b"From: MAILER-DAEMON@x.org\nSubject: delivery failed\n\n"
REFUSED = {
    "500,000 parts": MIXED + b"--b\n\n\n" * 500_000,
    "1,000 nested multiparts": nested(1000),
    "965 KB of references": HEAD + b"References: " + b"<a@b>\n " * 140_000 + b"\n\nx",
    "a million fields": HEAD + b"a:\n" * 1_000_000 + b"\n",
    "100,000 fields in a part": MIXED + b"--b\n" + b"a:\n" * 100_000 + b"\n",
    "long fields in many parts": MIXED + (b"--b\na:" + b"x" * 40_000 + b"\n\n") * 100,
}
READ = {
    "open parentheses": b"From: " + b"(" * 400_000 + b"\n\nx",
    "open brackets": b"From: " + b"<" * 400_000 + b"\n\nx",
    "open quotes": b"From: " + b'"\\' * 200_000 + b"\n\nx",
    "bracketed quotes": b"From: " + b'<"' * 150_000 + b"\n\nx",
    "comments": b"From: <" + b"(a)" * 120_000 + b">\n\nx",
    "encoded beginnings": b"From: " + b"=?a?q?" * 60_000 + b"\n\nx",
    "encoded subject": b"Subject: " + b"=?utf-8?q?a?= " * 35_000 + b"\n\n",
    "open words": b"Subject: " + b"=?utf-8?q?" * 50_000 + b"\n\n",
    "blanks in a field": b"Subject: a" + b" \t" * 250_000 + b"b\n c\n\n",
    "semicolons": HEAD + b"Content-Type: text/plain" + b";" * 500_000 + b"\n\nx",
    "open parameters": HEAD + b"Content-Type: text/plain" + b';a="' * 120_000 + b"\n\nx",
    "sections of a name": HEAD
    + b"Content-Type: x/y"
    + b"".join(b";name*%d*=a" % n for n in range(30_000))
    + b"\n\nx",
    "a long name": HEAD + b'Content-Type: x/y; name="' + b"\xff" * 400_000 + b'"\n\nx',
    "29 nested multiparts": nested(29) + b"line\n" * 200_000,
    "1,000 nested letters": HEAD + b"Content-Type: message/rfc822\n\n" * 1000 + b"x",
    "nested without boundaries": HEAD + b"Content-Type: multipart/mixed\n\n--b\n" * 300 + b"x",
    "nested divs": html(b"<div>" * 400_000),
    "nested quotations": html(b"<blockquote>" * 200_000),
    "a row of cells": html(b"<table><tr>" + b"<td>a" * 200_000),
    "blank lines": html(b"<pre>" + b"\n" * 1_000_000),
    "blanks": html(b"<pre>" + b" " * 4_000_000 + b"x"),
    "soft breaks": HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n=" + b" " * 4_000_000,
    "many paddings": HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"aa==" * 500_000,
    "idna": HEAD + b"Content-Type: text/plain; charset=idna\n\n" + b"xn--" * 1_000_000 + b"\xff",
    "escapes": HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\n\n" + b"\x1b$B-!" * 400_000,
    "dashes in a bounce": BOUNCE + b"a@b.c" + b"-" * 700_000,
    "addresses in a bounce": BOUNCE + b"a@" * 700_000,
}


@pytest.mark.parametrize("case", REFUSED)
def test_too_much_is_refused_with_a_sentence(case: str) -> None:
    """The limit is noticed before the work, and says what to do."""
    begun = time.process_time()
    with pytest.raises(ParseLimit, match="Open the raw message instead"):
        parse(REFUSED[case])
    assert time.process_time() - begun < LONGEST


@pytest.mark.parametrize("case", READ)
def test_the_rest_is_read_in_linear_time(case: str) -> None:
    """Repetition that confuses parsers costs no more than its length."""
    begun = time.process_time()
    parse(READ[case])
    assert time.process_time() - begun < LONGEST


def test_a_very_long_text_becomes_a_file() -> None:
    """Nobody reads megabytes in a browser; nothing is lost."""
    body = b"line\n" * 2_000_000
    message = parse(HEAD + b"\n" + body)
    assert message.text == ""
    assert message.attachments[0].content == body


WORDS = rb"""
From: To: Subject: Date: References: Content-Type: Thread-Index: X-Failed-Recipients:
=?utf-8?B? =?euc-kr?Q? ?= < > " ( ) @ , ; : \ ' * % = =3D a@b.c MAILER-DAEMON@x
multipart/mixed;boundary=b multipart/alternative;boundary=b message/rfc822 message/delivery-status
text/html text/plain;charset= iso-2022-jp iso-2022-kr utf-7 utf-16 idna euc-jp hz format=flowed
Content-Transfer-Encoding: base64 quoted-printable x-uuencode Final-Recipient:rfc822;
Content-Disposition:attachment;filename*0*= utf-8''%EA <p> <blockquote> <!--
""".split()
MARKS = [b"\r\n", b"\n", b"\r", b" ", b"\t", b"--b\n", b"--b--\n", b"begin 644 x\n", b"\x00"]
CODES = [b"\x1b$B", b"\x1b(B", b"\x0e", b"\xb0\xa1", b"\xff\xfe", b"delivery failed"]
FRAGMENTS = st.sampled_from(WORDS + MARKS + CODES)
LETTERS = st.lists(FRAGMENTS | st.binary(max_size=12), max_size=60).map(b"".join)


@settings(deadline=1000, max_examples=300)
@given(LETTERS | st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_limit(raw: bytes) -> None:
    """Whatever arrives is read or refused, quickly, and can be stored."""
    try:
        message = parse(raw)
    except ParseLimit:
        return
    header = f"{message.subject}{message.message_id}{message.references}"
    names = "".join(file.name for file in message.attachments)
    texts = f"{header}{names}{message.text}{message.html}{message.defects}{message.sender}"
    assert "\x00" not in texts
    texts.encode("utf-8")
    assert not set("\r\n\u202e") & set(message.subject + names)
    assert all(file.name for file in message.attachments)
