"""smtplib's client with our dialer, bounded replies and time limits for each step."""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from plugdesk.plugin import ChannelSignedOut, ChannelUnavailable, LazyText, lazy_gettext

from plugdesk_mailbox.network import ascii_host, dial, secure, tls_context
from plugdesk_mailbox.problems import place_of, sign_in_error, unavailable, words
from plugdesk_mailbox.settings import MailboxSettings, Security

_LONGEST_REPLY = 64 * 1024
_PIECE = 64 * 1024

# An address literal needs no name server and tells nobody our names (RFC 5321, 4.1.3).
_EHLO_NAME = "[127.0.0.1]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds that each step may take (RFC 5321, 4.5.3.2 has the reasons)."""

    connect: float = 30.0
    command: float = 120.0
    piece: float = 180.0
    """For each piece of the message."""
    verdict: float = 300.0
    """From the final dot to the answer."""


class SmtpClient(smtplib.SMTP):
    """One connection to a submission server.

    Attributes:
        round_trip: seconds that the last command took to be answered.
    """

    def __init__(self, config: MailboxSettings, patience: Patience) -> None:
        self.round_trip = 0.0
        self._config = config
        self._patience = patience
        self._buffer = bytearray()
        self._secure = config.smtp_security
        self._context = None if self._secure is Security.NONE else tls_context(config.ca_file)
        super().__init__(local_hostname=_EHLO_NAME, timeout=patience.connect)
        self._host = ascii_host(config.smtp_host)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = dial(host, port, timeout)
        if self._secure is Security.TLS and self._context is not None:
            return secure(connection, host, self._context)
        return connection

    def begin(self) -> None:
        """Connect, greet and begin TLS.

        Raises OSError (of which smtplib's errors are a kind), also for an unfriendly greeting.
        """
        code, answer = self.connect(self._config.smtp_host, self._config.smtp_port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, answer)
        self.wait_at_most(self._patience.command)
        self.ehlo_or_helo_if_needed()
        if self._secure is Security.STARTTLS:
            self._start_tls()

    def _start_tls(self) -> None:
        code, answer = self.starttls(context=self._context)
        if code != 220:
            raise smtplib.SMTPResponseException(code, answer)
        self._buffer.clear()
        self.ehlo_or_helo_if_needed()

    def wait_at_most(self, seconds: float) -> None:
        """Set the time limit for what comes next."""
        if self.sock is None:
            msg = "Not connected"
            raise smtplib.SMTPServerDisconnected(msg)
        self.sock.settimeout(seconds)

    def send(self, s: Any) -> None:
        """Send piecewise; OSError as it comes, so that the caller can tell its kinds apart."""
        data = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        if self.sock is None:
            msg = "Not connected"
            raise smtplib.SMTPServerDisconnected(msg)
        for start in range(0, len(data), _PIECE):
            self.sock.sendall(data[start : start + _PIECE])

    def getreply(self) -> tuple[int, bytes]:
        """Return one reply: its code, -1 if it has none, and its text.

        Raises OSError, and SMTPServerDisconnected at the end of the connection.
        """
        begun = time.monotonic()
        lines: list[bytes] = []
        size = 0
        while True:
            line = self._line()
            size += len(line)
            if size > _LONGEST_REPLY:
                msg = lazy_gettext("The reply does not end")
                raise smtplib.SMTPServerDisconnected(msg)
            lines.append(line[4:].strip())
            code = int(line[:3]) if line[:3].isdigit() else -1
            if line[3:4] != b"-" or code < 0:
                break
        self.round_trip = time.monotonic() - begun
        return code, b"\n".join(lines)

    def early_reply(self, seconds: float) -> tuple[int, bytes] | None:
        """Return what the server says unasked within `seconds`; None if it keeps silent.

        Raises OSError when it has hung up.
        """
        if not self._buffer:
            self.wait_at_most(seconds)
            try:
                self._receive()
            except TimeoutError:
                return None
        self.wait_at_most(self._patience.command)
        return self.getreply()

    def goodbye(self) -> None:
        """End the connection, politely if that is quick; never raises."""
        with contextlib.suppress(OSError, ValueError):
            self.wait_at_most(2.0)
            self.docmd("QUIT")
        self.close()

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_REPLY:
                msg = lazy_gettext("The reply does not end")
                raise smtplib.SMTPServerDisconnected(msg)
            self._receive()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _receive(self) -> None:
        if self.sock is None:
            msg = "Not connected"
            raise smtplib.SMTPServerDisconnected(msg)
        piece = self.sock.recv(4096)
        if not piece:
            raise smtplib.SMTPServerDisconnected(lazy_gettext("The server hung up"))
        self._buffer += piece


def connect(config: MailboxSettings, patience: Patience) -> SmtpClient:
    """Return a connection that is ready to send.

    Raises ChannelUnavailable, and ChannelSignedOut when the server refuses the credentials.
    """
    client = None
    try:
        client = SmtpClient(config, patience)
        client.begin()
        _sign_in(client, config)
    except BaseException as error:
        if client is not None:
            client.close()
        if isinstance(error, smtplib.SMTPException):
            raise ChannelUnavailable(_refusal(config, error)) from error
        if isinstance(error, (OSError, ssl.SSLError, ValueError)):
            port, security = config.smtp_port, config.smtp_security
            raise unavailable(error, config.smtp_host, port, security) from error
        raise
    return client


def _refusal(config: MailboxSettings, error: smtplib.SMTPException) -> LazyText:
    place = place_of(config.smtp_host, config.smtp_port)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return lazy_gettext(
            "%(place)s does not offer STARTTLS. Choose TLS, with port 465 if there is one.",
            place=place,
        )
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return lazy_gettext(
            "%(place)s hung up before anything was sent. Check port and encryption.", place=place
        )
    if isinstance(error, smtplib.SMTPResponseException):
        said = f"{error.smtp_code} {words(error.smtp_error)}"
        return lazy_gettext(
            "%(place)s does not take mail at the moment: “%(words)s”.", place=place, words=said
        )
    return lazy_gettext(
        "%(host)s answered in a way that we do not understand: “%(words)s”.",
        host=place,
        words=words(error),
    )


def _sign_in(client: SmtpClient, config: MailboxSettings) -> None:
    """Sign in if the server wants that, with one attempt, so that no account gets locked."""
    offered = client.esmtp_features.get("auth", "").upper().split()
    if not offered:
        return
    name, password = config.sending_username, config.sending_password
    if "PLAIN" in offered:
        credentials = _base64("\0".join(("", name, password)))
        code, answer = client.docmd("AUTH", f"PLAIN {credentials}")
    elif "LOGIN" in offered:
        code, answer = _auth_login(client, name, password)
    else:
        msg = lazy_gettext(
            "%(host)s offers only ways to sign in that we do not know.", host=config.smtp_host
        )
        raise ChannelSignedOut(msg)
    if code in (235, 503):
        return
    if 400 <= code < 500:
        msg = lazy_gettext(
            "%(host)s does not let us sign in at the moment: “%(words)s”.",
            host=config.smtp_host,
            words=words(answer),
        )
        raise ChannelUnavailable(msg)
    raise sign_in_error(config.smtp_host, answer)


def _auth_login(client: SmtpClient, name: str, password: str) -> tuple[int, bytes]:
    code, answer = client.docmd("AUTH", "LOGIN")
    for text in (name, password):
        if code != 334:
            break
        code, answer = client.docmd(_base64(text))
    return code, answer


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
