"""The scripted SMTP server: what its clients see, and what it remembers."""

from __future__ import annotations

import smtplib
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.dovecot import Dovecot
from plugdesk.testing.servers.processes import port_is_open
from plugdesk.testing.servers.smtp import SmtpServer
from plugdesk.testing.servers.smtp_script import (
    ACCEPT,
    CLOSING,
    CUT_AFTER_DOT,
    CUT_BEFORE_DOT,
    DEFER_DATA,
    GREYLIST,
    LOST_AFTER_DOT,
    REFUSE,
    Behaviour,
    Records,
    slow,
)

MAIL = b"Subject: x\r\n\r\n.dot\r\n..\r\n\xff\x80 8 bit\r\n"

Connect = Callable[[SmtpServer], smtplib.SMTP]


def plain(server: SmtpServer) -> smtplib.SMTP:
    """Connect without encryption."""
    return smtplib.SMTP(server.host, server.port, timeout=5)


def starttls(server: SmtpServer) -> smtplib.SMTP:
    """Connect and switch to TLS."""
    client = smtplib.SMTP("localhost", server.port, timeout=5)
    client.starttls(context=ssl.create_default_context(cafile=str(server.ca_file)))
    return client


def over_tls(server: SmtpServer) -> smtplib.SMTP:
    """Connect by TLS."""
    context = ssl.create_default_context(cafile=str(server.ca_file))
    return smtplib.SMTP_SSL("127.0.0.1", server.tls_port, context=context, timeout=5)


def send(server: SmtpServer, connect: Connect = plain, to: str = "b@desk.test") -> str:
    """Send one message; return "accepted" or the reply, or "cut" without one."""
    client = connect(server)
    try:
        client.sendmail("a@desk.test", [to], MAIL)
        client.quit()
    except smtplib.SMTPRecipientsRefused as error:
        return str(error.recipients[to][0])
    except smtplib.SMTPResponseException as error:
        return str(error.smtp_code)
    except smtplib.SMTPServerDisconnected:
        return "cut"
    finally:
        client.close()
    return "accepted"


def test_it_leaves_nothing() -> None:
    """After stop() both ports, the thread and the folder are gone, also with clients open."""
    with SmtpServer() as server:
        client = plain(server)
        client.ehlo()
    assert not port_is_open(server.port)
    assert not port_is_open(server.tls_port)
    assert not server.folder.exists()
    assert "smtp" not in {thread.name for thread in threading.enumerate()}
    client.close()


@pytest.mark.parametrize("connect", [plain, starttls, over_tls])
def test_a_message_arrives_byte_for_byte(smtp_server: SmtpServer, connect: Connect) -> None:
    """Content, envelope and encryption of a message are recorded as they were."""
    assert send(smtp_server, connect) == "accepted"
    (received,) = smtp_server.wait_for(1)
    assert received.content == MAIL
    assert (received.mail_from, received.rcpt_tos) == ("a@desk.test", ("b@desk.test",))
    assert received.tls == (connect is not plain)
    assert received.answered
    assert received.time == pytest.approx(time.time(), abs=60)


@pytest.mark.parametrize("connect", [starttls, over_tls])
def test_users_must_sign_in(smtp_server: SmtpServer, connect: Connect) -> None:
    """Once there is a user, mail is taken from who signed in, and recorded with the name."""
    smtp_server.add_user("agent", "word")
    assert send(smtp_server, connect) == "530"
    with connect(smtp_server) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("agent", "wrong")
        client.login("agent", "word")
        client.sendmail("a@desk.test", ["b@desk.test"], MAIL)
    assert [received.user for received in smtp_server.received] == ["agent"]


@pytest.mark.parametrize("connect", [plain, starttls, over_tls])
@pytest.mark.parametrize(
    ("behaviour", "seen", "kept"),
    [
        (ACCEPT, "accepted", 1),
        (GREYLIST, "451", 0),
        (DEFER_DATA, "451", 0),
        (REFUSE, "554", 0),
        (CLOSING, "421", 0),
        (CUT_BEFORE_DOT, "cut", 0),
        (CUT_AFTER_DOT, "cut", 1),
        (LOST_AFTER_DOT, "cut", 0),
    ],
)
def test_behaviours(
    smtp_server: SmtpServer, connect: Connect, behaviour: Behaviour, seen: str, kept: int
) -> None:
    """The client sees what the script says, and only what was taken is recorded."""
    smtp_server.script(behaviour)
    assert send(smtp_server, connect) == seen
    assert len(smtp_server.received) == kept
    assert all(received.answered == (seen == "accepted") for received in smtp_server.received)
    assert send(smtp_server, connect) == "accepted"
    assert smtp_server.transactions == 2


def test_greylisting_ends_after_some_attempts(smtp_server: SmtpServer) -> None:
    """greylist(2) puts off twice and takes the third attempt."""
    smtp_server.greylist(2)
    assert [send(smtp_server) for _ in range(3)] == ["451", "451", "accepted"]


def test_one_recipient_is_refused(smtp_server: SmtpServer) -> None:
    """A refused recipient does not keep the others from getting the message."""
    smtp_server.refuse("gone@desk.test")
    with plain(smtp_server) as client:
        refused = client.sendmail("a@desk.test", ["gone@desk.test", "b@desk.test"], MAIL)
    assert refused["gone@desk.test"][0] == 550
    assert smtp_server.received[0].rcpt_tos == ("b@desk.test",)


def test_a_slow_answer_outlasts_the_client(smtp_server: SmtpServer) -> None:
    """A client that gives up on a slow answer has sent a message that was received."""
    smtp_server.script(slow(5))
    client = smtplib.SMTP(smtp_server.host, smtp_server.port, timeout=0.3)
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        client.sendmail("a@desk.test", ["b@desk.test"], MAIL)
    client.close()
    assert smtp_server.wait_for(1)[0].content == MAIL


def test_a_bounce_has_no_sender(smtp_server: SmtpServer) -> None:
    """The null sender of RFC 5321, section 4.5.5 is recorded as an empty one."""
    with plain(smtp_server) as client:
        client.sendmail("", ["b@desk.test"], MAIL)
    assert smtp_server.received[0].mail_from == ""


def test_records_are_read_from_another_process(smtp_server: SmtpServer) -> None:
    """The records in the folder tell any process what the server took."""
    send(smtp_server)
    smtp_server.script(CUT_AFTER_DOT)
    send(smtp_server)
    code = (
        "import sys, pathlib\n"
        "from plugdesk.testing.servers.smtp_script import Records\n"
        "print([r.answered for r in Records(pathlib.Path(sys.argv[1])).read()])\n"
    )
    command = [sys.executable, "-c", code, str(smtp_server.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[True, False]"
    assert Records(smtp_server.folder).read() == smtp_server.received


def test_mail_reaches_the_inbox(
    smtp_server: SmtpServer, mailbox: Mailbox, dovecot: Dovecot
) -> None:
    """A recipient with a mailbox finds the message there as soon as it was accepted."""
    assert send(smtp_server, to=mailbox.address.upper()) == "accepted"
    assert send(smtp_server, to="stranger@elsewhere.test") == "accepted"
    assert [message.raw for message in dovecot.messages(mailbox.address)] == [MAIL]
