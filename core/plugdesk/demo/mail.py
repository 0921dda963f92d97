"""Raw mail of the samples, as a mail client would have written it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from plugdesk.contract.addresses import Address
from plugdesk.demo.files import Sample, sample_file
from plugdesk.demo.script import Step

_PHOTO_ID = "photo@plugdesk-sample"
_TABLES = {
    "en": (
        ("Article", "Colour", "Quantity", "Each"),
        ("Tea bowl, small", "celadon", "24", "$14.00"),
        ("Serving plate, large", "white", "6", "$58.00"),
        ("Water jug, 1.2 l", "dark green", "12", "$36.00"),
    ),
    "ko": (
        ("품목", "색", "수량", "단가"),
        ("찻잔 (소)", "청자", "24", "14,000원"),
        ("접시 (대)", "백자", "6", "58,000원"),
        ("물병 1.2 L", "재유", "12", "36,000원"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A message that a mail answers."""

    header_id: str
    sender: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a mail needs besides its step: who, to whom, about what, when, after what."""

    sender: Address
    to: Address
    cc: tuple[Address, ...]
    subject: str
    at: datetime
    language: str
    earlier: tuple[Earlier, ...]
    spam: bool


def build(step: Step, envelope: Envelope) -> bytes:
    """Return the mail as bytes. The same step at the same moment gives the same mail."""
    text = _text(step, envelope)
    mail = EmailMessage(policy=SMTP)
    mail.set_content(text, charset="utf-8", cte="8bit" if text.isascii() else "base64")
    if step.html:
        _add_html(mail, step, envelope, text)
    for name in step.files:
        if not (name == "photo" and step.html == "photo"):
            _attach(mail, sample_file(name, envelope.language))
    if step.automatic == "bounce":
        _make_report(mail, envelope, text)
    _address(mail, step, envelope)
    for number, part in enumerate(mail.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            part.set_boundary(f"=={header_id(envelope)[:24]}.{number}")
    return mail.as_bytes()


def _address(mail: EmailMessage, step: Step, envelope: Envelope) -> None:
    mail["From"] = _shown(envelope.sender)
    mail["To"] = _shown(envelope.to)
    if envelope.cc:
        mail["Cc"] = ", ".join(_shown(address) for address in envelope.cc)
    mail["Subject"] = envelope.subject
    mail["Date"] = format_datetime(envelope.at)
    mail["Message-ID"] = f"<{header_id(envelope)}>"
    if envelope.earlier:
        mail["In-Reply-To"] = f"<{envelope.earlier[-1].header_id}>"
        mail["References"] = " ".join(f"<{one.header_id}>" for one in envelope.earlier)
    if step.automatic:
        mail["Auto-Submitted"] = "auto-replied"
    if envelope.spam:
        mail["X-Spam-Flag"] = "YES"


def header_id(envelope: Envelope) -> str:
    """Return a Message-ID that follows from what the mail is."""
    seed = f"{envelope.sender.address} {envelope.at.isoformat()} {envelope.subject}"
    domain = envelope.sender.address.rpartition("@")[2]
    return f"{hashlib.sha256(seed.encode()).hexdigest()[:24]}@{domain}"


def _shown(address: Address) -> str:
    return f'"{address.name}" <{address.address}>' if address.name else address.address


def _text(step: Step, envelope: Envelope) -> str:
    text = step.mail.strip() + "\n"
    if not step.quote or not envelope.earlier:
        return text
    last = envelope.earlier[-1]
    when = last.at.strftime("%Y-%m-%d %H:%M")
    introduction = (
        f"{when}, {last.sender} 님이 작성:"
        if envelope.language == "ko"
        else f"On {when}, {last.sender} wrote:"
    )
    quoted = "\n".join(f"> {line}".rstrip() for line in last.text.splitlines())
    return f"{text}\n{introduction}\n{quoted}\n"


def _add_html(mail: EmailMessage, step: Step, envelope: Envelope, text: str) -> None:
    paragraphs = "".join(
        f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in text.strip().split("\n\n")
    )
    extra = ""
    if step.html == "table":
        extra = _table(_TABLES[envelope.language])
    elif step.html == "photo":
        extra = f'<p><img src="cid:{_PHOTO_ID}" width="320" height="200" alt=""></p>'
    mail.add_alternative(f"<html><body>{paragraphs}{extra}</body></html>", subtype="html")
    html = mail.get_body(("html",))
    if step.html == "photo" and html is not None:
        photo = sample_file("photo", envelope.language)
        html.add_related(
            photo.content,
            "image",
            "png",
            cid=f"<{_PHOTO_ID}>",
            filename=photo.name,
            disposition="inline",
        )


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    cells = "".join(f"<th align='left'>{escape(cell)}</th>" for cell in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body
    )
    return f"<table border='1' cellpadding='6'><tr>{cells}</tr>{lines}</table>"


def _attach(mail: EmailMessage, sample: Sample) -> None:
    kind, _slash, subtype = sample.content_type.partition("/")
    mail.add_attachment(sample.content, kind, subtype, filename=sample.name)


def _make_report(mail: EmailMessage, envelope: Envelope, text: str) -> None:
    """Turn the mail into a delivery report about the newest message (RFC 3464)."""
    status = EmailMessage(policy=SMTP)
    status["Content-Type"] = "message/delivery-status"
    recipient = text.partition("<")[2].partition(">")[0]
    diagnostic = text.partition(">: ")[2].splitlines()[0]
    fields = MIMEPart(policy=SMTP)
    fields["Final-Recipient"] = f"rfc822; {recipient}"
    fields["Action"] = "failed"
    fields["Status"] = "5.1.1"
    fields["Diagnostic-Code"] = f"smtp; {diagnostic}"
    general = MIMEPart(policy=SMTP)
    general["Reporting-MTA"] = "dns; mail.dami-goods.example"
    status.set_payload([general, fields])
    original = EmailMessage(policy=SMTP)
    original.set_content(f"Message-ID: <{envelope.earlier[-1].header_id}>\n", "rfc822-headers")
    mail.make_mixed()
    mail.set_type("multipart/report")
    mail.set_param("report-type", "delivery-status")
    mail.attach(status)
    mail.attach(original)
