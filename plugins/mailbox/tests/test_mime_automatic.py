"""Letters that machines wrote: auto-replies, lists, bounces."""

from __future__ import annotations

import pytest
from plugdesk.plugin import Automatic, IncomingMessage
from plugdesk_mailbox.mime import parse


def letter(*fields: str, body: str = "x") -> IncomingMessage:
    return parse("\r\n".join([*fields, "", body]).encode())


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (["From: a@x.org", "Subject: Hello"], Automatic.NO),
        (["Auto-Submitted: no"], Automatic.NO),
        (["Auto-Submitted: auto-replied (vacation)"], Automatic.AUTO_REPLY),
        (["Auto-Submitted: Auto-Generated; x=y"], Automatic.AUTO_REPLY),
        (["X-Autoreply: yes"], Automatic.AUTO_REPLY),
        (["X-Autoreply: no"], Automatic.NO),
        (["X-Auto-Response-Suppress: DR, OOF, AutoReply"], Automatic.AUTO_REPLY),
        (["X-Auto-Response-Suppress: DR"], Automatic.NO),
        (["Precedence: bulk"], Automatic.AUTO_REPLY),
        (["Precedence: list"], Automatic.LIST),
        (["List-Id: <users.example.org>"], Automatic.LIST),
        (["List-Unsubscribe: <mailto:x@y.org>", "Precedence: bulk"], Automatic.LIST),
        (["Return-Path: <>"], Automatic.AUTO_REPLY),
        (["Return-Path: <a@x.org>"], Automatic.NO),
        (["Subject: Automatic reply: your ticket"], Automatic.AUTO_REPLY),
        (["Subject: 자동 회신: 문의"], Automatic.AUTO_REPLY),
        (["Subject: Our out of office chairs"], Automatic.NO),
        (["Subject: My delivery failed, where is it?", "From: ann@x.org"], Automatic.NO),
        (["Subject: Delivery problem", "From: Acme Mailer Ltd <ann@x.org>"], Automatic.NO),
        (
            ["Return-Path: <ann@x.org>", "From: Mail Service <ann@x.org>", "Subject: delivery"],
            Automatic.NO,
        ),
    ],
)
def test_machines_are_recognised_by_their_fields(fields: list[str], kind: Automatic) -> None:
    """RFC 3834 and the fields of common servers decide; a subject rarely does (case S11)."""
    assert letter(*fields).automatic is kind


def report(*recipients: str) -> IncomingMessage:
    blocks = "\r\n\r\n".join(["Reporting-MTA: dns; mx.example.org", *recipients])
    return letter(
        "From: MAILER-DAEMON@mx.example.org",
        "Subject: Undelivered",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        body="--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        + blocks
        + "\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: Re\r\n"
        + "Message-ID:\r\n <ours.1@desk.example>\r\n--b--\r\n",
    )


FAILED = (
    "Original-Recipient: rfc822;Ann@Example.com\r\nFinal-Recipient: rfc822; ann@example.com\r\n"
    "Action: failed\r\nStatus: 5.1.1 (no such user)\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1\r\n No such user here"
)
DELAYED = "Final-Recipient: rfc822;<bob@example.com>\r\nAction: delayed\r\nStatus: 4.4.1"


def test_a_delivery_report_is_read_per_recipient() -> None:
    """Each recipient has its status, its diagnostic and the letter that was meant (RFC 3464)."""
    message = report(FAILED, DELAYED)
    assert message.automatic is Automatic.BOUNCE
    ann, bob = message.reports
    assert (ann.recipient, ann.status, ann.failed) == ("ann@example.com", "5.1.1", True)
    assert ann.diagnostic == "smtp; 550 5.1.1 No such user here"
    assert ann.original_message_id == "ours.1@desk.example"
    assert (bob.recipient, bob.status, bob.failed) == ("bob@example.com", "4.4.1", False)


def test_a_bounce_in_prose() -> None:
    """Servers that write prose are understood as far as it goes."""
    message = letter(
        "Return-Path: <>",
        "From: MAILER-DAEMON@mx.example.org",
        "To: support@desk.example",
        "Subject: failure notice",
        body="Hi. This is the qmail-send program.\r\n\r\n<ann@example.com>:\r\n"
        "Remote host said: 550 5.1.1 no such user\r\n\r\n"
        "--- Below this line is a copy of the message.\r\n\r\nTo: carol@example.com\r\n",
    )
    assert message.automatic is Automatic.BOUNCE
    (found,) = message.reports
    assert (found.recipient, found.status, found.failed) == ("ann@example.com", "5.1.1", True)


def test_failed_recipients_named_in_the_header() -> None:
    """Exim and Gmail name the recipients in a field."""
    message = letter("X-Failed-Recipients: ann@example.com, bob@example.com", "From: x@y.org")
    assert message.automatic is Automatic.BOUNCE
    assert [report.recipient for report in message.reports] == [
        "ann@example.com",
        "bob@example.com",
    ]


def test_a_warning_about_a_delay_is_no_failure() -> None:
    """A server that is still trying has not failed yet."""
    message = letter(
        "From: Mail Delivery Subsystem <mailer-daemon@x.org>",
        "Subject: Warning: could not send message for past 4 hours",
        body="<ann@example.com>\r\nwill keep trying",
    )
    assert [report.failed for report in message.reports] == [False]
