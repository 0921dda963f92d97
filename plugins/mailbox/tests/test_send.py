"""Sending through a real SMTP server: what each way to fail means, and never twice."""

from __future__ import annotations

import email
import threading
import time
from collections.abc import Callable
from email import policy
from typing import Any

import pytest
from plugdesk.plugin import (
    Address,
    Attachment,
    ChannelSignedOut,
    ChannelUnavailable,
    OutgoingMessage,
    SentState,
)
from plugdesk.testing.servers.smtp import SmtpServer
from plugdesk.testing.servers.smtp_script import (
    CLOSING,
    CUT_AFTER_DOT,
    CUT_BEFORE_DOT,
    DEFER_DATA,
    LOST_AFTER_DOT,
    REFUSE,
    At,
    Behaviour,
    slow,
)
from plugdesk.testing.servers.tcp_proxy import Action, Fault, Side, TcpProxy
from plugdesk_mailbox import MailboxChannel
from plugdesk_mailbox.smtp.client import Patience

MakeChannel = Callable[..., MailboxChannel]
MakeReply = Callable[..., OutgoingMessage]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_reply_arrives_as_it_was_composed(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply, security: str
) -> None:
    """Encrypted, signed in, with the right envelope, and dots at line starts intact."""
    port = smtp_server.tls_port if security == "tls" else smtp_server.port
    channel = open_sender(smtp_port=port, smtp_security=security)
    sent = channel.send(
        reply(text=".\n..\n.dot\n", html="", bcc=(Address("", "hidden@desk.test"),))
    )
    assert sent.state is SentState.ACCEPTED
    assert "Taken" in sent.detail
    (received,) = smtp_server.received
    assert received.tls
    assert received.user == channel.config.username
    assert received.mail_from == "support@desk.test"
    assert received.rcpt_tos == ("ann@customer.test", "hidden@desk.test")
    mail = email.message_from_bytes(received.content, policy=policy.default)
    assert mail.get_content().replace("\r\n", "\n") == ".\n..\n.dot\n"
    assert b"hidden" not in received.content


def test_large_attachments_arrive(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """Several megabytes go through in pieces, byte for byte."""
    content = bytes(range(256)) * 12_000
    big = Attachment(name="big.bin", content_type="application/octet-stream", content=content)
    assert open_sender().send(reply(attachments=(big,))).state is SentState.ACCEPTED
    mail = email.message_from_bytes(smtp_server.received[0].content, policy=policy.default)
    (part,) = mail.iter_attachments()
    assert part.get_content() == content


def at(moment: At, line: str) -> Behaviour:
    """Return a behaviour that answers `moment` with `line`."""
    return Behaviour(at=moment, reply=line)


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        (at(At.MAIL, "451 4.3.0 Later"), SentState.DEFERRED),
        (at(At.RCPT, "451 4.7.1 Greylisted"), SentState.DEFERRED),
        (at(At.DATA, "451 4.3.0 Later"), SentState.DEFERRED),
        (DEFER_DATA, SentState.DEFERRED),
        (CLOSING, SentState.DEFERRED),
        (at(At.RCPT, "421 4.7.0 Closing"), SentState.DEFERRED),
        (CUT_BEFORE_DOT, SentState.DEFERRED),
        (Behaviour(at=At.MAIL, drop=True), SentState.DEFERRED),
        (Behaviour(at=At.RCPT, drop=True), SentState.DEFERRED),
        (at(At.MAIL, "550 5.7.1 Not from you"), SentState.FAILED),
        (at(At.RCPT, "550 5.1.1 Unknown"), SentState.FAILED),
        (at(At.DATA, "554 5.3.4 Too large"), SentState.FAILED),
        (REFUSE, SentState.FAILED),
        (CUT_AFTER_DOT, SentState.UNKNOWN),
        (LOST_AFTER_DOT, SentState.UNKNOWN),
        (at(At.DOT, "hello"), SentState.UNKNOWN),
    ],
)
def test_each_way_to_fail_has_its_meaning(
    open_sender: MakeChannel,
    smtp_server: SmtpServer,
    reply: MakeReply,
    behaviour: Behaviour,
    state: SentState,
) -> None:
    """Deferred means certainly not taken; unknown is for what follows the final dot alone."""
    smtp_server.script(behaviour)
    sent = open_sender().send(reply())
    assert sent.state is state
    assert sent.detail
    if behaviour.reply and state is not SentState.UNKNOWN:
        assert behaviour.reply in sent.detail
    assert smtp_server.transactions == 1
    if state in (SentState.DEFERRED, SentState.FAILED):
        assert smtp_server.received == []


def test_a_slow_answer_is_waited_for(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """A server may think for a while after the dot, and the message still counts as accepted."""
    smtp_server.script(slow(1.0))
    assert open_sender().send(reply()).state is SentState.ACCEPTED


def test_too_slow_an_answer_is_unknown(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """Whoever takes the message and does not say so in time leaves us in doubt."""
    smtp_server.script(slow(1.5))
    channel = open_sender()
    channel.patience = Patience(verdict=0.3)  # type: ignore[misc]
    assert channel.send(reply()).state is SentState.UNKNOWN


def test_a_stall_within_the_message_is_certain(
    open_sender: MakeChannel, smtp_proxy: TcpProxy, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """When the message cannot leave, its dot has not left either: deferred, nothing taken."""
    smtp_proxy.fail(Fault(side=Side.CLIENT, after_bytes=100_000, action=Action.STALL))
    channel = open_sender(smtp_port=smtp_proxy.port)
    channel.patience = Patience(piece=0.5)  # type: ignore[misc]
    big = Attachment(name="b", content_type="", content=b"x" * 12_000_000)
    assert channel.send(reply(attachments=(big,))).state is SentState.DEFERRED
    assert smtp_server.received == []


@pytest.mark.parametrize("cut", [50_000, 1_000_000, 3_000_000])
def test_a_cut_within_the_message_is_certain(
    open_sender: MakeChannel,
    smtp_proxy: TcpProxy,
    smtp_server: SmtpServer,
    reply: MakeReply,
    cut: int,
) -> None:
    """A connection that breaks before the dot was sent took nothing."""
    smtp_proxy.fail(Fault(side=Side.CLIENT, after_bytes=cut))
    big = Attachment(name="b", content_type="", content=b"x" * 12_000_000)
    sent = open_sender(smtp_port=smtp_proxy.port).send(reply(attachments=(big,)))
    assert sent.state is SentState.DEFERRED
    assert smtp_server.received == []


def test_wherever_the_link_breaks_no_message_is_misjudged(
    open_sender: MakeChannel, smtp_proxy: TcpProxy, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """For a cut after every so many bytes: accepted means received, deferred means not."""
    channel = open_sender(smtp_port=smtp_proxy.port)
    assert channel.send(reply()).state is SentState.ACCEPTED
    whole = smtp_proxy.bytes_from_client
    seen = set()
    for where in range(400, whole + 40, 90):
        before = len(smtp_server.received)
        fault = smtp_proxy.fail(Fault(side=Side.CLIENT, after_bytes=where))
        try:
            state = channel.send(reply()).state
        except ChannelUnavailable:
            state = SentState.DEFERRED
        fault.times = 0
        seen.add(state)
        taken = len(smtp_server.received) - before
        if state is SentState.ACCEPTED:
            assert taken == 1
        elif state is not SentState.UNKNOWN:
            assert taken == 0
    assert {SentState.ACCEPTED, SentState.DEFERRED} <= seen


def test_some_refused_recipients_are_named(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """The others get the message, and it is not sent to them again."""
    smtp_server.refuse("bo@customer.test", "550 5.1.1 No such user here")
    smtp_server.refuse("cy@customer.test", "452 4.2.2 Mailbox full")
    sent = open_sender().send(
        reply(cc=(Address("", "bo@customer.test"), Address("", "cy@customer.test")))
    )
    assert sent.state is SentState.ACCEPTED
    assert set(sent.refused) == {"bo@customer.test", "cy@customer.test"}
    assert "There is no such address." in sent.refused["bo@customer.test"]
    assert smtp_server.received[0].rcpt_tos == ("ann@customer.test",)


@pytest.mark.parametrize(
    ("second", "state"),
    [("550 5.1.1 Unknown", SentState.FAILED), ("451 4.7.1 Later", SentState.DEFERRED)],
)
def test_when_all_recipients_are_refused_the_mildest_counts(
    open_sender: MakeChannel,
    smtp_server: SmtpServer,
    reply: MakeReply,
    second: str,
    state: SentState,
) -> None:
    """One recipient that may be accepted later is worth another attempt."""
    smtp_server.refuse("ann@customer.test", "550 5.1.1 Unknown")
    smtp_server.refuse("bo@customer.test", second)
    sent = open_sender().send(reply(cc=(Address("", "bo@customer.test"),)))
    assert sent.state is state
    assert smtp_server.received == []


def test_greylisting_ends_with_the_next_attempt(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """Deferred, then accepted, and the server has it once."""
    smtp_server.greylist()
    channel = open_sender()
    assert channel.send(reply()).state is SentState.DEFERRED
    assert channel.send(reply()).state is SentState.ACCEPTED
    assert len(smtp_server.received) == 1


def test_a_message_that_is_too_large_is_not_even_begun(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """The limit that the server announces (RFC 1870) is told in figures."""
    big = Attachment(name="b", content_type="", content=b"x" * 40_000_000)
    sent = open_sender().send(reply(attachments=(big,)))
    assert sent.state is SentState.FAILED
    assert "at most 50,000,000" in sent.detail
    assert smtp_server.transactions == 0


def test_addresses_beyond_ascii_are_sent_as_utf8(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """With SMTPUTF8 (RFC 6531) such a customer gets an answer."""
    sent = open_sender().send(reply(to=(Address("김철수", "김@customer.test"),)))
    assert sent.state is SentState.ACCEPTED
    assert smtp_server.received[0].rcpt_tos == ("김@customer.test",)


def test_a_wrong_password_signs_the_account_out(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """One attempt, no second way to sign in, and the account stops."""
    with pytest.raises(ChannelSignedOut, match="does not accept"):
        open_sender(smtp_password="wrong").send(reply())
    assert smtp_server.transactions == 0


def test_own_credentials_for_sending(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """Name and password for SMTP may differ, in any script."""
    smtp_server.add_user("보내기", "비밀번호")
    channel = open_sender(smtp_username="보내기", smtp_password="비밀번호")
    assert channel.send(reply()).state is SentState.ACCEPTED
    assert smtp_server.received[0].user == "보내기"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"smtp_security": "starttls"}, "did not answer in time"),
        ({"smtp_host": "nowhere.invalid"}, "no server named"),
        ({"ca_file": None}, "cannot be trusted"),
    ],
)
def test_without_a_connection_nothing_was_sent(
    open_sender: MakeChannel,
    smtp_server: SmtpServer,
    reply: MakeReply,
    changes: dict[str, Any],
    sentence: str,
) -> None:
    """Every failure before the greeting is ChannelUnavailable with a sentence."""
    channel = open_sender(**changes)
    channel.patience = Patience(connect=0.5)  # type: ignore[misc]
    with pytest.raises(ChannelUnavailable, match=sentence):
        channel.send(reply())
    assert smtp_server.transactions == 0


def test_tls_on_a_port_without_it_is_explained(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """The most common mistake in the form has its own sentence."""
    with pytest.raises(ChannelUnavailable, match="Choose STARTTLS"):
        open_sender(smtp_port=smtp_server.port).send(reply())


def test_sending_again_gives_the_same_message(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """The server can recognise a double by its Message-ID, and its bytes."""
    from datetime import UTC, datetime

    message = reply(created_at=datetime(2026, 3, 1, tzinfo=UTC))
    for _ in range(2):
        open_sender().send(message)
    first, second = smtp_server.received
    assert first.content == second.content


def test_senders_do_not_disturb_each_other(
    open_sender: MakeChannel, smtp_server: SmtpServer, reply: MakeReply
) -> None:
    """A slow transaction of one account leaves another's alone."""
    smtp_server.script(slow(1.0))
    channel = open_sender()
    first = threading.Thread(target=channel.send, args=(reply(),))
    first.start()
    while smtp_server.transactions < 1:
        time.sleep(0.01)
    begun = time.monotonic()
    assert open_sender().send(reply(message_id="other@desk.test")).state is SentState.ACCEPTED
    assert time.monotonic() - begun < 0.9
    first.join()
