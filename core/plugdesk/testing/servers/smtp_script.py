"""What a scripted SMTP server does with a transaction, and what it remembers of one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class At(StrEnum):
    """The moment of a transaction (RFC 5321, section 3.3) at which a behaviour shows."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the server treats one transaction; without arguments it accepts the message.

    Attributes:
        at: the moment that the rest is about.
        reply: the reply line (``451 4.7.1 Try again later``), or None for the usual one.
        drop: close the connection at that moment instead of replying. At `At.DATA` the client
            has been told to go on and is cut off while it sends.
        record: whether a drop at `At.DOT` comes after the server took the message, which is
            then received and never answered for.
        delay: seconds to wait before that reply or drop.
    """

    at: At = At.DOT
    reply: str | None = None
    drop: bool = False
    record: bool = True
    delay: float = 0.0

    @property
    def takes(self) -> bool:
        """Whether the server keeps a message that arrives whole."""
        if self.at is not At.DOT:
            return True
        return self.record and (self.reply or "250").startswith("2")


ACCEPT = Behaviour()
"""Take the message."""

GREYLIST = Behaviour(at=At.RCPT, reply="451 4.7.1 Greylisted, try again in five minutes")
"""Put off every recipient."""

DEFER_DATA = Behaviour(at=At.DOT, reply="451 4.3.0 Try again later")
"""Put the message off after the final dot."""

REFUSE = Behaviour(at=At.DOT, reply="554 5.7.1 Refused")
"""Refuse the message for good after the final dot."""

CLOSING = Behaviour(at=At.MAIL, reply="421 4.3.2 Closing, try again later", drop=True)
"""Say that the service closes, and close."""

CUT_BEFORE_DOT = Behaviour(at=At.DATA, drop=True)
"""Cut the connection while the client sends; the message is not received."""

CUT_AFTER_DOT = Behaviour(at=At.DOT, drop=True)
"""Receive and keep the message, and cut the connection without an answer."""

LOST_AFTER_DOT = Behaviour(at=At.DOT, drop=True, record=False)
"""Cut the connection after the final dot without keeping the message; looks like
`CUT_AFTER_DOT` to the client."""


def slow(seconds: float) -> Behaviour:
    """Take the message and answer the final dot after *seconds*."""
    return Behaviour(delay=seconds)


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message that the server took.

    Attributes:
        mail_from: the envelope's sender, empty for a bounce.
        rcpt_tos: the envelope's recipients that were accepted.
        content: the exact bytes that were sent, dots unstuffed.
        time: seconds since the epoch.
        user: the name that signed in, or None.
        tls: whether the connection was encrypted.
        answered: whether the server said that it took the message; False after a cut.
    """

    mail_from: str
    rcpt_tos: tuple[str, ...]
    content: bytes
    time: float
    user: str | None
    tls: bool
    answered: bool


class Records:
    """Received messages in a folder: one line of JSON each, and its bytes in a file beside.

    The bytes are written before the line that names them, so a reader in another process never
    meets half a record.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines = folder / "received.jsonl"
        self._count = len(self.read())

    def add(self, received: Received) -> None:
        """Append one message."""
        self._count += 1
        name = f"{self._count:06}.eml"
        (self._folder / name).write_bytes(received.content)
        line = {**vars(received), "content": name}
        with self._lines.open("a", encoding="utf-8") as output:
            output.write(json.dumps(line) + "\n")

    def read(self) -> list[Received]:
        """Return all messages that were recorded so far."""
        if not self._lines.exists():
            return []
        lines = self._lines.read_text(encoding="utf-8").split("\n")[:-1]
        return [self._parse(line) for line in lines]

    def _parse(self, line: str) -> Received:
        fields = json.loads(line)
        fields["content"] = (self._folder / fields["content"]).read_bytes()
        fields["rcpt_tos"] = tuple(fields["rcpt_tos"])
        return Received(**fields)
