"""The fixtures of the mailbox tests: real servers, and one that misbehaves on purpose.

Imported rather than named in `pytest_plugins`, which pytest allows at the top of a run alone.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plugdesk.plugin import AccountInfo, Address, OutgoingMessage
from plugdesk.testing.fixtures import Mailbox, dovecot, mailbox, smtp_server
from plugdesk.testing.servers.smtp import SmtpServer
from plugdesk.testing.servers.tcp_proxy import TcpProxy
from plugdesk_mailbox import MailboxChannel
from plugdesk_mailbox.settings import MailboxSettings

__all__ = ["dovecot", "mailbox", "smtp_server"]

MakeChannel = Callable[..., MailboxChannel]


def make_channel(address: str, values: dict[str, Any]) -> MailboxChannel:
    """Return a channel for an account that signs in with `address`."""
    account = AccountInfo(id=1, name="Support", address=Address("", address))
    return MailboxChannel(MailboxSettings.model_validate(values), account)


@pytest.fixture
def open_channel(mailbox: Mailbox) -> MakeChannel:
    """Make channels on the test's own mailbox, over TLS; keywords change settings."""

    def make(**changes: Any) -> MailboxChannel:
        values = {
            "imap_host": "localhost",
            "imap_port": mailbox.server.imaps_port,
            "username": mailbox.address,
            "password": mailbox.password,
            "smtp_host": "localhost",
            "smtp_port": 9,
            "ca_file": mailbox.server.ca_file,
        }
        return make_channel(mailbox.address, values | changes)

    return make


@pytest.fixture
def open_sender(
    open_channel: MakeChannel, mailbox: Mailbox, smtp_server: SmtpServer, tmp_path: Path
) -> MakeChannel:
    """Make channels that receive through Dovecot and send through the scripted server."""
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(mailbox.server.ca_file.read_bytes() + smtp_server.ca_file.read_bytes())
    smtp_server.add_user(mailbox.address, mailbox.password)

    def make(**changes: Any) -> MailboxChannel:
        sending = {"smtp_port": smtp_server.tls_port, "ca_file": authorities}
        return open_channel(**(sending | changes))

    return make


@pytest.fixture
def proxy(mailbox: Mailbox) -> Iterator[TcpProxy]:
    """A breakable way to Dovecot's port without TLS."""
    with TcpProxy(mailbox.server.host, mailbox.server.imap_port) as running:
        yield running


@pytest.fixture
def smtp_proxy(smtp_server: SmtpServer) -> Iterator[TcpProxy]:
    """A breakable way to the SMTP server's port for TLS."""
    with TcpProxy(smtp_server.host, smtp_server.tls_port) as running:
        yield running


@pytest.fixture
def open_through(open_channel: MakeChannel, proxy: TcpProxy) -> MakeChannel:
    """Make channels that reach Dovecot through `proxy`, in the clear so that bytes count."""

    def make(**changes: Any) -> MailboxChannel:
        plain = {"imap_host": proxy.host, "imap_port": proxy.port, "imap_security": "none"}
        return open_channel(**(plain | changes))

    return make


@pytest.fixture
def reply() -> Callable[..., OutgoingMessage]:
    """Make outgoing messages; keywords change fields."""

    def make(**changes: Any) -> OutgoingMessage:
        values: dict[str, Any] = {
            "message_id": "reply-1.token@desk.test",
            "sender": Address("Support", "support@desk.test"),
            "to": (Address("Ann", "ann@customer.test"),),
            "subject": "Re: My order",
            "text": "Your order is on its way.",
            "html": "<p>Your order is on its way.</p>",
        }
        return OutgoingMessage(**(values | changes))

    return make


class ScriptedImap:
    """A server that answers each command by a function: for what no honest server does.

    `answers` maps the start of a command (without its tag) to the bytes to send; `TAG` in them
    becomes the tag, and None hangs up. Commands that are not named are answered with OK.
    """

    def __init__(self, answers: dict[str, bytes | None], greeting: bytes) -> None:
        self.answers = answers
        self.commands: list[str] = []
        self._greeting = greeting
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the server."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.sendall(self._greeting)
        for line in connection.makefile("r", encoding="latin-1", newline="\r\n"):
            tag, _, command = line.strip().partition(" ")
            self.commands.append(command)
            answer = self._answer(command)
            if answer is None:
                return
            connection.sendall(answer.replace(b"TAG", tag.encode()))

    def _answer(self, command: str) -> bytes | None:
        for start, answer in self.answers.items():
            if command.startswith(start):
                return answer
        return (
            b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"
            if "CAPA" in command
            else b"TAG OK done\r\n"
        )


OPENED = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 4] ok\r\nTAG OK done\r\n"


@pytest.fixture
def scripted() -> Iterator[Callable[..., tuple[ScriptedImap, MailboxChannel]]]:
    """Make a scripted server with three messages in its INBOX, and a channel that reads it."""
    servers: list[ScriptedImap] = []

    def make(
        answers: dict[str, bytes | None], greeting: bytes = b"* OK hello\r\n", **changes: Any
    ) -> tuple[ScriptedImap, MailboxChannel]:
        usual: dict[str, bytes | None] = {
            "EXAMINE": OPENED,
            "UID SEARCH": b"* SEARCH 1 2 3\r\nTAG OK done\r\n",
        }
        server = ScriptedImap(
            answers | {k: v for k, v in usual.items() if k not in answers}, greeting
        )
        servers.append(server)
        values = {
            "imap_host": "127.0.0.1",
            "imap_port": server.port,
            "imap_security": "none",
            "username": "support@desk.test",
            "password": "secret",
            "smtp_host": "localhost",
        }
        return server, make_channel("support@desk.test", values | changes)

    yield make
    for server in servers:
        server.stop()
