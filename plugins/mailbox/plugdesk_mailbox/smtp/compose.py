"""Make the bytes of an outgoing message (RFC 5322, 2045, 2387).

The same message and settings always give the same bytes, so that a later copy for the Sent
folder, or a second attempt, is the message that was sent.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.generator import BytesGenerator
from email.message import MIMEPart
from email.policy import EmailPolicy

from plugdesk.plugin import Address, Attachment, OutgoingMessage

from plugdesk_mailbox.settings import MailboxSettings
from plugdesk_mailbox.smtp import headers

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64}")
_OPAQUE = "application/octet-stream"
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


class _AsWritten(EmailPolicy):
    """Keeps headers exactly as they are given; `headers` has encoded and folded them."""

    def header_store_parse(self, name: str, value: object) -> tuple[str, str]:
        return name, str(value)

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode()


_POLICY = _AsWritten(linesep="\r\n", cte_type="7bit", max_line_length=76)


def compose(message: OutgoingMessage, config: MailboxSettings) -> bytes:
    """Return the message as it goes over the wire, before dots are doubled; lines end in CRLF.

    Blind copies are in the envelope only. Without `created_at` the current time becomes the
    Date, and composing again gives another one.
    """
    body = _body(message, config)
    whole = MIMEPart(policy=_POLICY)
    for name, value in _headers(message, config):
        whole[name] = value
    whole["MIME-Version"] = "1.0"
    for name, value in body.items():
        whole[name] = value
    whole.set_payload(body.get_payload())
    _set_boundaries(whole, hashlib.sha256(message.message_id.encode(errors="replace")).hexdigest())
    out = io.BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=_POLICY).flatten(whole)
    return re.sub(rb"\r\n|\r|\n", b"\r\n", out.getvalue())


def needs_utf8(message: OutgoingMessage) -> bool:
    """Say whether an address can only be written with SMTPUTF8 (RFC 6531)."""
    return not all(address.isascii() for address in (message.sender.address, *recipients(message)))


def recipients(message: OutgoingMessage) -> list[str]:
    """Return the envelope's recipients: To, Cc and Bcc, each once."""
    everyone = (*message.to, *message.cc, *message.bcc)
    return list(dict.fromkeys(address.address for address in everyone))


def _headers(message: OutgoingMessage, config: MailboxSettings) -> list[tuple[str, str]]:
    sender = Address(config.from_name or message.sender.name, message.sender.address)
    references = headers.reference_ids(message.references, message.in_reply_to)
    answered = headers.bare_id(message.in_reply_to)
    values = (
        ("Date", headers.date(message.created_at or datetime.now(UTC))),
        ("From", headers.mailbox(sender)),
        ("Reply-To", headers.mailbox(message.reply_to) if message.reply_to else ""),
        ("To", headers.mailboxes(message.to)),
        ("Cc", headers.mailboxes(message.cc)),
        ("Subject", headers.unstructured(message.subject)),
        ("Message-ID", headers.ids([headers.bare_id(message.message_id)])),
        ("In-Reply-To", headers.ids([answered] if answered == message.in_reply_to != "" else [])),
        ("References", headers.ids(references)),
        ("Auto-Submitted", "auto-replied" if message.automatic else ""),
        ("X-Auto-Response-Suppress", "All" if message.automatic else ""),
    )
    return [(name, value) for name, value in values if value]


def _body(message: OutgoingMessage, config: MailboxSettings) -> MIMEPart:
    markup = _signed_html(message.html, config.signature) if message.html.strip() else ""
    images = [each for each in message.attachments if _is_shown(each, markup)]
    others = [each for each in message.attachments if each not in images]
    content = _text_part(_signed_text(message.text, config.signature), "plain")
    if markup:
        shown = _text_part(markup, "html")
        if images:
            shown = _multipart("related", [shown, *(_file_part(each) for each in images)])
        content = _multipart("alternative", [content, shown])
    if others:
        content = _multipart("mixed", [content, *(_file_part(each) for each in others)])
    return content


def _is_shown(attachment: Attachment, markup: str) -> bool:
    cid = attachment.content_id
    return bool(attachment.inline and cid and f"cid:{cid}" in markup)


def _signed_text(text: str, signature: str) -> str:
    if not signature.strip():
        return text
    return f"{text.rstrip()}\n\n-- \n{signature.strip()}\n"


def _signed_html(markup: str, signature: str) -> str:
    if not signature.strip():
        return markup
    lines = "<br>".join(html.escape(signature.strip()).splitlines())
    block = f"<br><div>-- <br>{lines}</div>"
    end = markup.lower().rfind("</body")
    return markup[:end] + block + markup[end:] if end >= 0 else markup + block


def _text_part(text: str, subtype: str) -> MIMEPart:
    part = MIMEPart(policy=_POLICY)
    text = _UNWRITABLE.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")
    part.set_content(text, subtype=subtype, charset="utf-8")
    return part


def _file_part(attachment: Attachment) -> MIMEPart:
    part = MIMEPart(policy=_POLICY)
    part.set_content(attachment.content, maintype="application", subtype="octet-stream")
    name = headers.file_name(attachment.name)
    del part["Content-Type"]
    part["Content-Type"] = headers.type_with_name(_content_type(attachment.content_type), name)
    kind = "inline" if attachment.inline else "attachment"
    part["Content-Disposition"] = headers.disposition(kind, name)
    cid = headers.bare_id(attachment.content_id)
    if cid:
        part["Content-ID"] = f"<{cid}>"
    return part


def _content_type(given: str) -> str:
    """Return a type that may be sent in base64: not message/* nor multipart/* (RFC 2045, 6.4)."""
    kind = given.partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(kind) or kind.startswith(("message/", "multipart/")):
        return _OPAQUE
    return kind


def _multipart(subtype: str, parts: Sequence[MIMEPart]) -> MIMEPart:
    whole = MIMEPart(policy=_POLICY)
    whole["Content-Type"] = f"multipart/{subtype}"
    for part in parts:
        whole.attach(part)
    return whole


def _set_boundaries(whole: MIMEPart, seed: str) -> None:
    """Give each multipart a boundary that no encoded content can contain, since it has `=_`."""
    multiparts = [part for part in whole.walk() if part.get_content_maintype() == "multipart"]
    for number, part in enumerate(multiparts):
        part.set_boundary(f"=_{seed[:32]}_{number}")
