"""The channel of the sample accounts: looks like a mailbox and reaches nobody."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from typing import ClassVar

from pydantic import BaseModel

from plugdesk.contract.addresses import Address
from plugdesk.contract.channels import Channel, CheckResult
from plugdesk.contract.messages import (
    Attachment,
    Automatic,
    DeliveryReport,
    IncomingMessage,
    OutgoingMessage,
    RawItem,
    Sent,
    SentState,
)
from plugdesk.i18n import N_, gettext, lazy_gettext

_LABEL = N_("Sample account")
_SPAM = N_("The mail server marked it as spam.")
_AUTOMATIC = {"auto-replied": Automatic.AUTO_REPLY, "auto-generated": Automatic.AUTO_REPLY}


class DemoSettings(BaseModel):
    """A sample account has nothing to set."""


class DemoChannel(Channel[DemoSettings]):
    """Brings nothing by itself; what is sent counts as accepted and goes nowhere."""

    name = "demo"
    label = _LABEL
    settings: ClassVar[type[BaseModel]] = DemoSettings

    def check(self) -> Sequence[CheckResult]:
        """Say that there is nothing to try."""
        sentence = gettext("A sample account reaches nobody, so nothing can go wrong.")
        return [CheckResult(label=gettext(_LABEL), ok=True, sentence=sentence)]

    def fetch(self, cursor: str | None) -> Iterator[RawItem]:
        """Bring nothing: the samples are written down by `demo.load`."""
        return iter(())

    def send(self, message: OutgoingMessage) -> Sent:
        """Accept the message and keep it here."""
        return Sent(
            state=SentState.ACCEPTED, detail=lazy_gettext("A sample account keeps what it sends.")
        )

    @classmethod
    def parse(cls, raw: bytes) -> IncomingMessage:
        """Understand mail that `demo.mail` built; real mail is for real channels."""
        mail = BytesParser(policy=email.policy.default).parsebytes(raw)
        text = _body(mail, "plain")
        return IncomingMessage(
            sender=_addresses(mail, "From")[0],
            to=_addresses(mail, "To"),
            cc=_addresses(mail, "Cc"),
            subject=mail.get("Subject", ""),
            text=text,
            quote_start=_quote_start(text),
            html=_body(mail, "html"),
            message_id=_identifiers(mail, "Message-ID")[0],
            in_reply_to=_identifiers(mail, "In-Reply-To"),
            references=_identifiers(mail, "References"),
            sent_at=parsedate_to_datetime(mail["Date"]),
            attachments=tuple(_attachments(mail)),
            automatic=_automatic(mail),
            reports=tuple(_reports(mail)),
            spam_reasons=(_SPAM,) if mail["X-Spam-Flag"] else (),
        )


def _addresses(mail: EmailMessage, name: str) -> tuple[Address, ...]:
    values = [str(value) for value in mail.get_all(name, [])]
    return tuple(Address(display, address) for display, address in getaddresses(values))


def _identifiers(mail: EmailMessage, name: str) -> tuple[str, ...]:
    return tuple(word.strip("<>") for word in str(mail.get(name, "")).split())


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    if part is None:
        return ""
    content: str = part.get_content()
    return content.replace("\r\n", "\n").strip("\n")


def _quote_start(text: str) -> int | None:
    """Return where the quotation begins: the line that introduces the first line with `>`."""
    start = 0 if text.startswith(">") else text.find("\n>") + 1
    if start == 0 and not text.startswith(">"):
        return None
    introduction = text[:start].rstrip()
    return introduction.rfind("\n") + 1 if introduction.endswith(":") else start


def _attachments(mail: EmailMessage) -> Iterator[Attachment]:
    for part in mail.walk():
        where = part.get_content_disposition()
        if where not in ("attachment", "inline"):
            continue
        yield Attachment(
            name=part.get_filename() or "",
            content_type=part.get_content_type(),
            content=bytes(part.get_payload(decode=True) or b""),
            content_id=str(part.get("Content-ID", "")).strip("<>"),
            inline=where == "inline",
        )


def _automatic(mail: EmailMessage) -> Automatic:
    if mail.get_content_type() == "multipart/report":
        return Automatic.BOUNCE
    return _AUTOMATIC.get(str(mail.get("Auto-Submitted", "no")), Automatic.NO)


def _reports(mail: EmailMessage) -> Iterator[DeliveryReport]:
    """Yield what a bounce says about each recipient (RFC 3464, 2.3)."""
    returned = [part for part in mail.walk() if part.get_content_type() == "text/rfc822-headers"]
    original = email.message_from_string(returned[0].get_content() if returned else "")
    for part in mail.walk():
        recipient = str(part.get("Final-Recipient", ""))
        if recipient:
            yield DeliveryReport(
                recipient=recipient.rpartition(";")[2].strip(),
                status=str(part.get("Status", "")),
                diagnostic=str(part.get("Diagnostic-Code", "")).rpartition(";")[2].strip(),
                original_message_id=str(original.get("Message-ID", "")).strip("<>"),
            )
