"""imaplib's client, with an end to what a server may send and how long it may take."""

from __future__ import annotations

import imaplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plugdesk_mailbox.network import ascii_host, dial, secure, tls_context
from plugdesk_mailbox.settings import Security

ANSWER = 1024 * 1024
"""Bytes that an ordinary command's answer may have."""

_LINES = 500_000
"""Lines that any answer may have; each becomes an object in memory."""

_PATIENCE = 120.0
"""Seconds that an ordinary command may take from first to last byte."""

_PIECE = 256 * 1024


class Overrun(Exception):
    """The server sent more than the command may answer; the connection is of no more use.

    Not one of imaplib's errors, since imaplib replaces its own by new ones on their way up.
    """


class StartTlsMissing(imaplib.IMAP4.error):
    """The server does not offer STARTTLS."""


class BoundedClient(imaplib.IMAP4):
    """An IMAP connection on which no answer exhausts memory or waits for ever.

    imaplib reads through a buffered file, which hides waiting bytes from a poll and is spoilt by
    one timeout; here `read` and `readline` take from a buffer of our own.
    """

    def __init__(
        self, host: str, port: int, security: Security, ca_file: Path | None, timeout: float
    ) -> None:
        self._buffer = bytearray()
        self._allowed = False
        self._allowance = ANSWER
        self._lines = 0
        self._deadline = time.monotonic() + _PATIENCE
        self._silence = timeout
        self._security = security
        self._context = None if security is Security.NONE else tls_context(ca_file)
        super().__init__(host, port, timeout)
        if security is Security.STARTTLS:
            self._upgrade()

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect, with TLS at once where the settings say so."""
        self.host, self.port = ascii_host(host), port
        self.sock = dial(host, port, timeout or self._silence)
        if self._security is Security.TLS and self._context is not None:
            self.sock = secure(self.sock, host, self._context)

    def _upgrade(self) -> None:
        status = ""
        try:
            status, answer = self.starttls(self._context)
        finally:
            if status != "OK":
                self.shutdown()
        if status != "OK":
            msg = f"STARTTLS: {answer!r}"
            raise self.error(msg)

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        """Change to TLS and forget whatever came before it (command injection, CVE-2011-0411)."""
        if "STARTTLS" not in self.capabilities:
            raise StartTlsMissing
        status, answer = self._simple_command("STARTTLS")
        if status == "OK":
            self._buffer.clear()
            self.sock = secure(self.sock, self.host, ssl_context or tls_context(None))
            self._get_capabilities()
        return status, answer

    def shutdown(self) -> None:
        """Close the socket, whatever state it is in."""
        self.sock.close()

    def send(self, data: Any) -> None:
        """Send `data` piecewise, since the time limit of `sendall` is one for the whole call."""
        for start in range(0, len(data), _PIECE):
            self.sock.sendall(data[start : start + _PIECE])

    def _command(self, name: str, *args: Any) -> Any:
        if not self._allowed:
            self._renew()
        return super()._command(name, *args)  # type: ignore[misc]  # typeshed leaves it out

    @contextmanager
    def allow(self, size: int, seconds: float = _PATIENCE) -> Iterator[None]:
        """Let the answer within this block have `size` bytes and take `seconds`."""
        self._allowed = True
        self._lines = 0
        self._allowance, self._deadline = size, time.monotonic() + seconds
        try:
            yield
        finally:
            self._allowed = False
            self._renew()

    def _renew(self) -> None:
        self._lines = 0
        self._allowance, self._deadline = ANSWER, time.monotonic() + _PATIENCE

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes of a literal, never fewer."""
        if size > self._allowance + len(self._buffer):
            msg = f"The server announces {size} bytes where {self._allowance} were expected."
            raise Overrun(msg)
        while len(self._buffer) < size:
            if not self._fill(self._silence):
                msg = "socket error: EOF within a literal"
                raise self.abort(msg)
        return self._take(size)

    def readline(self) -> bytes:
        """Return one line with its end, or nothing at the end of the connection."""
        self._lines += 1
        if self._lines > _LINES:
            msg = "The server sent more lines than any command can answer."
            raise Overrun(msg)
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if not self._fill(self._silence):
                return b""
        return self._take(end + 1)

    def line_within(self, seconds: float) -> bytes | None:
        """Return the next line if it comes within `seconds`; None if it does not.

        Raises imaplib's abort when the connection has ended.
        """
        self._renew()
        until = time.monotonic() + max(seconds, 0)
        while b"\n" not in self._buffer:
            rest = until - time.monotonic()
            if rest <= 0:
                return None
            try:
                more = self._fill(rest)
            except TimeoutError:
                return None
            if not more:
                msg = "socket error: EOF"
                raise self.abort(msg)
        return self.readline()

    def begin_idle(self, patience: float) -> bytes:
        """Send IDLE and return its tag once the server waits with us.

        Raises imaplib's abort when it does not within `patience` seconds.
        """
        tag = self._new_tag()
        self.tagged_commands.pop(tag, None)
        self.send(tag + b" IDLE\r\n")
        self._lines_until(lambda line: line.startswith(b"+"), tag, patience)
        return bytes(tag)

    def end_idle(self, tag: bytes, patience: float, is_news: Callable[[bytes], bool]) -> bool:
        """End IDLE; say whether `is_news` held for anything that came before the end.

        Raises imaplib's abort when the server does not agree within `patience` seconds, which
        is how a dead link is noticed.
        """
        self.send(b"DONE\r\n")
        lines = self._lines_until(lambda line: line.startswith(tag + b" "), b"", patience)
        return any(is_news(line) for line in lines)

    def _lines_until(
        self, is_last: Callable[[bytes], bool], refusal: bytes, patience: float
    ) -> list[bytes]:
        lines: list[bytes] = []
        until = time.monotonic() + patience
        while (line := self.line_within(until - time.monotonic())) is not None:
            if is_last(line):
                return lines
            if refusal and line.startswith(refusal):
                break
            lines.append(line)
        msg = "socket error: no answer to IDLE"
        raise self.abort(msg)

    def _fill(self, patience: float) -> bool:
        rest = min(patience, self._deadline - time.monotonic())
        if rest <= 0:
            msg = "timed out"
            raise TimeoutError(msg)
        self.sock.settimeout(rest)
        try:
            piece = self.sock.recv(_PIECE)
        finally:
            self.sock.settimeout(self._silence)
        self._allowance -= len(piece)
        if self._allowance < 0:
            msg = "The server sent more than this command can answer."
            raise Overrun(msg)
        self._buffer += piece
        return bool(piece)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
