"""What a reader sees, and what is a file."""

from __future__ import annotations

import base64
import binascii

import pytest
from plugdesk.plugin import IncomingMessage
from plugdesk_mailbox.mime import parse


def part(kind: str, body: str, *fields: str) -> str:
    return "\n".join([f"Content-Type: {kind}", *fields, "", body])


def multi(kind: str, *parts: str, mark: str = "mark") -> str:
    inside = "".join(f"--{mark}\n{each}\n" for each in parts)
    return (
        f'Content-Type: multipart/{kind}; boundary="{mark}"\n\npreamble\n{inside}--{mark}--\nend\n'
    )


def read(text: str, newline: str = "\n") -> IncomingMessage:
    return parse(("From: a@example.com\n" + text).replace("\n", newline).encode())


PLAIN = part("text/plain", "plain words")
HTML = part("text/html", "<p>rich <b>words</b></p>")
FILE = part("application/pdf", "%PDF", 'Content-Disposition: attachment; filename="a.pdf"')


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_alternatives_say_the_same(newline: str) -> None:
    """Text and HTML of an alternative are two views of one letter, whatever ends its lines."""
    message = read(multi("alternative", PLAIN, HTML), newline)
    assert message.text == "plain words"
    assert message.html == "<p>rich <b>words</b></p>"
    assert message.attachments == ()


def test_nested_multiparts() -> None:
    """A mixed letter of an alternative whose HTML has pictures: the common letter of today."""
    image = part("image/png", "png", "Content-ID: <pic@x>", "Content-Transfer-Encoding: base64")
    related = multi("related", HTML, image, mark="r")
    message = read(multi("mixed", multi("alternative", PLAIN, related, mark="a"), FILE))
    assert message.text == "plain words"
    assert message.html == "<p>rich <b>words</b></p>"
    assert [(file.name, file.inline) for file in message.attachments] == [
        ("attachment-1.png", True),
        ("a.pdf", False),
    ]
    assert message.attachments[0].content_id == "pic@x"


def test_several_texts_are_joined_in_order() -> None:
    """A footer that a list adds is read after the letter."""
    assert read(multi("mixed", PLAIN, FILE, part("text/plain", "footer"))).text == (
        "plain words\nfooter"
    )


def test_text_beside_html_is_not_hidden_by_it() -> None:
    """Outside an alternative both views show everything."""
    message = read(multi("mixed", part("text/plain", "a < b"), HTML))
    assert message.text == "a < b\nrich words"
    assert message.html == "<pre>a &lt; b</pre>\n<p>rich <b>words</b></p>"


def test_a_letter_of_html_alone_can_be_read_as_text() -> None:
    """Blocks become lines, quotations get a mark, scripts and styles vanish."""
    html = (
        "<head><title>t</title><style>p{}</style></head>"
        "<p>Hello&nbsp;<b>Ann</b>,<br>two\n lines</p>"
        "<ul><li>one</li><li>two</li></ul><script>no()</script>"
        "<blockquote><p>quoted</p></blockquote><table><tr><td>a</td><td>b</td></tr></table>"
    )
    message = read(part("text/html", html))
    assert message.text == ("Hello Ann,\ntwo lines\n\n- one\n- two\n\n> quoted\n\na b")
    assert message.html == html


def test_an_empty_text_beside_html_is_no_text() -> None:
    """A blank alternative does not make the letter blank."""
    assert read(multi("alternative", part("text/plain", " \n"), HTML)).text == "rich words"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("text/calendar", "attachment-1.ics"),
        ("text/enriched", "attachment-1.txt"),
        ("text/csv", "attachment-1.csv"),
        ("application/x-unknown", "attachment-1.bin"),
    ],
)
def test_other_kinds_are_files(kind: str, name: str) -> None:
    """Whatever is neither text nor HTML is a file, with a name that tells its kind."""
    message = read(multi("mixed", PLAIN, part(kind, "BEGIN")))
    assert message.text == "plain words"
    assert [(file.name, file.content_type) for file in message.attachments] == [(name, kind)]


def test_a_text_with_a_name_is_a_file() -> None:
    """A named text after the letter is attached; a nameless one belongs to the letter."""
    named = part("text/plain", "log", 'Content-Disposition: inline; filename="a.log"')
    message = read(multi("mixed", PLAIN, named))
    assert message.text == "plain words"
    assert [file.name for file in message.attachments] == ["a.log"]


def test_an_attached_letter_stays_as_it_is() -> None:
    """A forwarded letter is a file of exactly its bytes, named by its subject, not read."""
    inner = (
        "Subject: =?utf-8?B?7ZmY67aI?=\nContent-Type: multipart/mixed; boundary=q\n\n--q\n\nin\n"
    )
    message = read(multi("mixed", PLAIN, part("message/rfc822", inner)), "\r\n")
    assert message.text == "plain words"
    (file,) = message.attachments
    assert (file.name, file.content_type) == ("환불.eml", "message/rfc822")
    assert file.content == inner.replace("\n", "\r\n").encode()


def test_a_letter_cut_off_keeps_what_came() -> None:
    """Parts before the cut are whole, the last one is what there is of it."""
    whole = multi("mixed", PLAIN, FILE)
    message = read(whole[: whole.index("%PDF") + 2])
    assert message.text == "plain words"
    assert message.attachments[0].content == b"%P"
    assert any("ends before" in defect for defect in message.defects)


@pytest.mark.parametrize("boundary", ["", '; boundary="another"'])
def test_a_lost_boundary_is_found(boundary: str) -> None:
    """Parts whose boundary is not announced, or announced wrongly, are found by their look."""
    text = multi("mixed", PLAIN, FILE).replace('; boundary="mark"', boundary)
    message = read(text)
    assert message.text == "plain words"
    assert [file.name for file in message.attachments] == ["a.pdf"]
    assert message.defects


def test_a_multipart_without_parts_is_text() -> None:
    """What cannot be split is shown whole."""
    assert read("Content-Type: multipart/mixed; boundary=b\n\njust words\n").text == "just words\n"


@pytest.mark.parametrize("encoding", ["base64", "BASE64 ", "x-uuencode", "binary", "8bit", ""])
def test_files_arrive_byte_for_byte(encoding: str) -> None:
    """Every transfer encoding gives back every byte."""
    content = bytes(range(256)) * 3 + b"\r\n\n\r end"
    if encoding.strip().lower() == "base64":
        body = base64.encodebytes(content)
    elif encoding == "x-uuencode":
        chunks = [content[at : at + 45] for at in range(0, len(content), 45)]
        body = b"begin 644 f\n" + b"".join(binascii.b2a_uu(c) for c in chunks) + b"`\nend\n"
    else:
        body = content
    head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: x/y\r\n"
    head += f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    message = parse(head.encode() + body + b"\r\n--b--\r\n")
    assert message.attachments[0].content == content


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("base64", b"aGVsbG8", "hello"),
        ("base64", b"aGVsbG8gaGVsbG8g\r\n!aGVsbG8=", "hello hello hello"),
        ("base64", b"aGVsbG8=\r\nIHlvdQ==", "hello you"),
        ("base64", b"this is not base64 at all, really", "this is not base64 at all, really"),
        ("base64", b"a", ""),
        ("quoted-printable", b"caf=C3=A9=\r\n!", "café!"),
        ("quoted-printable", b"soft=  \r\nbreak", "softbreak"),
        ("quoted-printable", b"50=% of =ZZ", "50=% of =ZZ"),
        ("x-no-such", b"as it is", "as it is"),
    ],
)
def test_damaged_transfer_encodings(encoding: str, body: bytes, text: str) -> None:
    """What can be read of a damaged content is read."""
    head = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n"
    assert parse(head.encode() + body).text == text


def test_flowed_paragraphs_are_joined() -> None:
    """Lines broken for transport only come back as paragraphs, with their quotation marks."""
    body = "> a quoted \n> paragraph\nmy own \nanswer\n-- \nAnn"
    assert read(part("text/plain; format=flowed", body)).text == (
        "> a quoted paragraph\nmy own answer\n-- \nAnn"
    )


def test_flowed_japanese_has_no_blanks_within_words() -> None:
    """With DelSp the blank at the break was never part of the text."""
    body = part("text/plain; charset=utf-8; format=flowed; delsp=yes", "注文の \n商品")
    assert read(body).text == "注文の商品"


def test_a_letter_without_header_or_body() -> None:
    """Nothing at all is an empty letter from nobody."""
    for raw in (b"", b"\r\n", b"\r\n\r\n"):
        message = parse(raw)
        assert (message.sender, message.text, message.attachments) == (None, "", ())


def test_the_same_bytes_give_the_same_message() -> None:
    """Parsing depends on nothing but the bytes."""
    raw = multi("mixed", PLAIN, HTML, FILE).encode()
    assert parse(raw) == parse(raw)


def test_signatures_of_machines_are_no_files() -> None:
    """A nameless PGP signature is not shown as an attachment; a named file always is."""
    signature = part("application/pgp-signature", "-----BEGIN")
    assert read(multi("signed", PLAIN, signature)).attachments == ()
    named = part("application/pgp-signature; name=signature.asc", "-----BEGIN")
    assert len(read(multi("signed", PLAIN, named)).attachments) == 1
