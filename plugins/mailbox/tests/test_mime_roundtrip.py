"""What the standard library composes, in any charset and encoding, comes back whole."""

from __future__ import annotations

import unicodedata
from email.header import Header
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import formataddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugdesk_mailbox.mime import parse

SAMPLES = {
    "utf-8": "환불 문의 — ご注文 🙂 é",
    "euc-kr": "환불을 부탁드립니다",
    "cp949": "똠방각하 펲시콜라",
    "iso-2022-kr": "환불을 부탁드립니다",
    "iso-2022-jp": "お問い合わせの件、よろしく",
    "shift_jis": "お問い合わせの件、よろしく",
    "euc-jp": "お問い合わせの件、よろしく",
    "gb18030": "您好，我想退款。朱镕基",
    "gb2312": "您好，我想退款",
    "big5": "您好，我想查詢訂單",
    "iso-8859-1": "Größe, façade, señor",
    "windows-1252": "“Größe” – 20 €",
    "koi8-r": "Здравствуйте",
}
CONTENT = bytes(range(256)) * 40


@pytest.mark.parametrize("charset", SAMPLES)
def test_a_letter_in_each_charset(charset: str) -> None:
    """Subject, author, text, file name and file survive in every charset that mailers use."""
    sample = SAMPLES[charset]
    text = f"{sample}\n> {sample}\n{sample} end\n"
    letter = MIMEMultipart()
    letter["Subject"] = Header(sample * 3, charset).encode()
    letter["From"] = formataddr((str(Header(sample, charset)), "ann@example.com"))
    letter.attach(MIMEText(text, "plain", charset))
    file = MIMEApplication(CONTENT)
    file.add_header("Content-Disposition", "attachment", filename=(charset, "", f"{sample}.bin"))
    letter.attach(file)
    message = parse(letter.as_bytes())
    assert message.subject == sample * 3
    assert message.sender is not None
    assert message.sender.name == sample
    assert message.text == text
    assert message.attachments[0].name == f"{sample}.bin"
    assert message.attachments[0].content == CONTENT
    assert message.defects == ()


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=40
)
LINES = st.lists(WORDS, min_size=1, max_size=8).map(lambda lines: "\n".join(lines) + "\n")


@settings(deadline=None, max_examples=120)
@given(
    subject=WORDS,
    name=WORDS,
    text=LINES,
    html=LINES,
    content=st.binary(max_size=600),
    encoding=st.sampled_from(["base64", "quoted-printable"]),
)
def test_any_letter(
    subject: str, name: str, text: str, html: str, content: bytes, encoding: str
) -> None:
    """Any text, name and content pass unchanged through a composed letter."""
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = Header(subject, "utf-8").encode(linesep="")
    letter.set_content(text, cte=encoding)
    letter.add_alternative(html, subtype="html", cte=encoding)
    file_name = f"{name.replace('/', '').replace(chr(92), '')}.bin"
    letter.add_attachment(content, maintype="x", subtype="y", filename=file_name)
    message = parse(letter.as_bytes())
    assert message.subject == subject
    assert message.text == text
    assert message.html == html
    assert message.attachments[0].content == content
    assert message.attachments[0].name == unicodedata.normalize("NFC", file_name)
