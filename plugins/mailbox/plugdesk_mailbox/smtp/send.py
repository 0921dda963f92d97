"""Hand over one message, and know at each step what an error means.

Until the final dot has left, the server certainly has no message; from then on only its answer
tells. So the dot is sent by itself, after everything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from plugdesk.plugin import LazyText, OutgoingMessage, Sent, SentState, joined, lazy_gettext

from plugdesk_mailbox.problems import cause, words
from plugdesk_mailbox.settings import MailboxSettings
from plugdesk_mailbox.smtp.client import Patience, SmtpClient, connect
from plugdesk_mailbox.smtp.compose import compose, needs_utf8, recipients

_LINE_START_DOT = re.compile(rb"^\.", re.MULTILINE)
_ENHANCED = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b")

_MEANINGS: dict[str, LazyText] = {
    "5.1.1": lazy_gettext("There is no such address."),
    "5.1.2": lazy_gettext("There is no such domain."),
    "5.1.10": lazy_gettext("There is no such address."),
    "5.2.1": lazy_gettext("The recipient's mailbox is switched off."),
    "5.2.2": lazy_gettext("The recipient's mailbox is full."),
    "5.2.3": lazy_gettext("The message is too large for the recipient."),
    "5.3.4": lazy_gettext("The message is too large."),
    "5.7.1": lazy_gettext("The server does not allow this message."),
    "5.7.60": lazy_gettext("This account may not send from this address."),
}


class _Settled(Exception):
    """The attempt has ended; `sent` tells how."""

    def __init__(self, sent: Sent) -> None:
        super().__init__(sent)
        self.sent = sent


@dataclass(slots=True)
class _Attempt:
    client: SmtpClient
    patience: Patience
    dot_sent: bool = False
    refused: dict[str, str | LazyText] = field(default_factory=dict)


def send(message: OutgoingMessage, config: MailboxSettings, patience: Patience) -> Sent:
    """Hand `message` to the server, once.

    Raises ChannelUnavailable when no connection came about and ChannelSignedOut when the server
    refuses the credentials; in both cases nothing was sent.
    """
    raw = compose(message, config)
    attempt = _Attempt(connect(config, patience), patience)
    try:
        return _hand_over(attempt, message, raw)
    except _Settled as settled:
        return settled.sent
    except (OSError, ValueError) as error:
        return _broken_off(attempt, error)
    finally:
        attempt.client.goodbye()


def _hand_over(attempt: _Attempt, message: OutgoingMessage, raw: bytes) -> Sent:
    client = attempt.client
    client.wait_at_most(attempt.patience.command)
    _mail(client, message, len(raw))
    _recipients(attempt, recipients(message))
    _data(attempt, raw)
    client.wait_at_most(attempt.patience.verdict)
    attempt.dot_sent = True
    _send_dot(attempt)
    code, answer = client.getreply()
    if code // 100 not in (2, 4, 5):
        return Sent(state=SentState.UNKNOWN, detail=_unclear(words(answer)))
    _settle_unless(2, code, answer)
    return Sent(state=SentState.ACCEPTED, detail=words(answer), refused=attempt.refused)


def _mail(client: SmtpClient, message: OutgoingMessage, size: int) -> None:
    options = ""
    if needs_utf8(message):
        if not client.has_extn("smtputf8"):
            text = lazy_gettext(
                "The server cannot send to or from addresses with other than Latin letters."
            )
            raise _Settled(Sent(state=SentState.FAILED, detail=text))
        options += " SMTPUTF8 BODY=8BITMIME"
        client.command_encoding = "utf-8"
    if client.has_extn("size"):
        limit = client.esmtp_features["size"]
        if limit.isdigit() and 0 < int(limit) < size:
            text = lazy_gettext(
                "The message has %(size)s bytes; the server takes at most %(limit)s.",
                size=f"{size:,}",
                limit=f"{int(limit):,}",
            )
            raise _Settled(Sent(state=SentState.FAILED, detail=text))
        options += f" SIZE={size}"
    code, answer = client.docmd("MAIL", f"FROM:<{message.sender.address}>{options}")
    _settle_unless(2, code, answer)


def _recipients(attempt: _Attempt, addresses: list[str]) -> None:
    """Name all recipients; go on if one is accepted, put all off if one may be later."""
    passing = False
    for address in addresses:
        code, answer = attempt.client.docmd("RCPT", f"TO:<{address}>")
        if code == 421:
            _settle_unless(2, code, answer)
        if code // 100 != 2:
            attempt.refused[address] = _said(code, answer)
            passing = passing or code // 100 == 4
    if len(attempt.refused) == len(addresses):
        state = SentState.DEFERRED if passing else SentState.FAILED
        detail = joined(*attempt.refused.values())
        if not attempt.refused:
            detail = lazy_gettext("The message has no recipient.")
        raise _Settled(Sent(state=state, detail=detail, refused=attempt.refused))


def _data(attempt: _Attempt, raw: bytes) -> None:
    """Send the message up to, and without, the final dot."""
    client = attempt.client
    code, answer = client.docmd("DATA")
    _settle_unless(3, code, answer)
    body = _LINE_START_DOT.sub(b"..", raw)
    client.wait_at_most(attempt.patience.piece)
    client.send(body if body.endswith(b"\r\n") else body + b"\r\n")
    # Who hung up or objects already is heard within a round trip, while all is still certain.
    early = client.early_reply(min(max(client.round_trip, 0.02), 0.5))
    if early is not None:
        _settle_unless(9, *early)


def _send_dot(attempt: _Attempt) -> None:
    try:
        attempt.client.send(b".\r\n")
    except ConnectionError:
        attempt.dot_sent = False  # refused by our own machine: the dot has not left
        raise


def _settle_unless(wanted: int, code: int, answer: bytes) -> None:
    """Raise _Settled unless `code` is of the wanted hundred."""
    if code // 100 == wanted:
        return
    state = SentState.FAILED if code // 100 == 5 else SentState.DEFERRED
    raise _Settled(Sent(state=state, detail=_said(code, answer)))


def _said(code: int, answer: bytes) -> LazyText:
    text = words(answer)
    found = _ENHANCED.search(text)
    meaning = _MEANINGS.get(found[0], "") if found else ""
    return joined(meaning, f"“{code} {text}”")


def _broken_off(attempt: _Attempt, error: Exception) -> Sent:
    if attempt.dot_sent:
        return Sent(state=SentState.UNKNOWN, detail=_unclear(cause(error)))
    text = lazy_gettext(
        "The connection broke before the message was sent whole: %(reason)s.", reason=cause(error)
    )
    return Sent(state=SentState.DEFERRED, detail=text)


def _unclear(text: str | LazyText) -> LazyText:
    return lazy_gettext(
        "The server was given the whole message but did not confirm it: %(words)s.",
        words=text if str(text) else lazy_gettext("no answer"),
    )
