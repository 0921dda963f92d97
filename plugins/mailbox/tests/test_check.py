"""Checking a mailbox before it is saved: plain sentences, and nothing is changed or sent."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from plugdesk.plugin import CheckResult
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.smtp import SmtpServer
from plugdesk_mailbox import MailboxChannel, check
from plugdesk_mailbox.problems import sign_in_error
from plugdesk_mailbox.smtp.client import Patience

MakeChannel = Callable[..., MailboxChannel]
MakeScripted = Callable[..., tuple[Any, MailboxChannel]]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_SILENCE", 0.7)
    monkeypatch.setattr(check, "_PATIENCE", Patience(connect=0.7, command=0.7))


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def failures(results: Any) -> list[CheckResult]:
    """Return what failed."""
    return [result for result in results if not result.ok]


def test_a_good_mailbox_passes(
    mailbox: Mailbox, open_sender: MakeChannel, smtp_server: SmtpServer
) -> None:
    """Both ways and each folder are tried; no mail leaves."""
    mailbox.server.create_folder(mailbox.address, "Shop")
    results = open_sender(folders=["INBOX", "Shop"]).check()
    assert [result.label for result in results] == [
        "Receiving from localhost",
        "Folder INBOX",
        "Folder Shop",
        "Sending through localhost",
    ]
    assert failures(results) == []
    assert smtp_server.transactions == 0


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"imap_host": "nowhere.invalid"}, "There is no server named nowhere.invalid"),
        ({"imap_host": "a..b"}, "cannot be the name of a server"),
        ({"password": "wrong"}, "does not accept this user name and password"),
        ({"imap_security": "starttls"}, "did not answer in time"),
        ({"folders": ["INBOX", "Gone"]}, "has no folder “Gone”. It has: INBOX"),
    ],
)
def test_trouble_with_receiving_is_explained(
    open_sender: MakeChannel, mailbox: Mailbox, changes: dict[str, Any], sentence: str
) -> None:
    """Each kind of trouble has its own words, and sending is tried all the same."""
    changes = {"smtp_password": mailbox.password} | changes
    results = open_sender(**changes).check()
    (failed,) = failures(results)
    assert sentence in failed.sentence
    assert results[-1].ok


def test_a_port_without_tls_is_explained(open_sender: MakeChannel, mailbox: Mailbox) -> None:
    """TLS to the port for STARTTLS: the sentence names the way out."""
    (failed,) = failures(open_sender(imap_port=mailbox.server.imap_port).check())
    assert "Choose STARTTLS" in failed.sentence


def test_nothing_listening_is_explained(open_sender: MakeChannel, closed_port: int) -> None:
    """A refused connection points at the port, both ways."""
    failed = failures(open_sender(imap_port=closed_port, smtp_port=closed_port).check())
    assert len(failed) == 2
    assert all("refused the connection" in each.sentence for each in failed)


def test_certificates_name_the_reason(open_sender: MakeChannel) -> None:
    """An unknown authority is told apart from a wrong name, both ways."""
    failed = failures(open_sender(ca_file=None).check())
    assert len(failed) == 2
    for each in failed:
        assert "cannot be trusted: nobody whom this machine trusts has signed it" in each.sentence


def test_an_unreadable_authority_is_a_sentence(open_sender: MakeChannel) -> None:
    """A path that does not exist fails as a sentence, not as a traceback."""
    assert len(failures(open_sender(ca_file="/nowhere/ca.pem").check())) == 2


def test_smtp_without_sign_in_is_fine(open_channel: MakeChannel, smtp_server: SmtpServer) -> None:
    """A relay that wants no password is used without one."""
    channel = open_channel(smtp_host="127.0.0.1", smtp_port=smtp_server.port, smtp_security="none")
    assert channel.check()[-1].ok


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("imap.gmail.com", "app password"),
        ("smtp.gmail.com", "app password"),
        ("imap.naver.com", "Naver"),
        ("imap.daum.net", "Kakao account"),
        ("imap.mail.yahoo.com", "app password"),
        ("imap.mail.me.com", "app-specific password"),
        ("mail.example.com", "Check both"),
    ],
)
def test_a_refused_password_gets_the_provider_s_advice(host: str, words: str) -> None:
    """Owners of the large providers learn about app passwords at once."""
    assert words in str(sign_in_error(host, b"[AUTHENTICATIONFAILED] Invalid credentials"))
