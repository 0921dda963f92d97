"""A channel that does what the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from mailroom import Mailroom
from plugdesk.accounts import operations as accounts
from plugdesk.contract.addresses import Address
from plugdesk.contract.channels import Channel
from plugdesk.contract.messages import IncomingMessage, OutgoingMessage, RawItem, Sent, SentState
from plugdesk.contract.tickets import SYSTEM
from pydantic import BaseModel, SecretStr


class ScriptedSettings(BaseModel):
    """What the scripted channel wants to know."""

    host: str
    password: SecretStr


def accept(_message: OutgoingMessage) -> Sent:
    """Take a message."""
    return Sent(state=SentState.ACCEPTED)


@dataclass
class Script:
    """What a channel class does; shared by all its objects."""

    items: Callable[[str | None], Iterator[RawItem]] = lambda _cursor: iter(())
    send: Callable[[OutgoingMessage], Sent] = accept
    was_sent: Callable[[OutgoingMessage], bool | None] = lambda _message: None
    keep_copy: Callable[[OutgoingMessage], None] = lambda _message: None
    parse: Callable[[bytes], IncomingMessage] = lambda raw: IncomingMessage(
        sender=Address("", "ann@customer.test"), subject=raw.decode(), text=raw.decode()
    )
    sent: list[OutgoingMessage] = field(default_factory=list)


class ScriptedChannel(Channel[ScriptedSettings]):
    """Does what `script` says, by the account's host."""

    name: ClassVar[str] = "scripted"
    label: ClassVar[str] = "Scripted"
    settings: ClassVar[type[BaseModel]] = ScriptedSettings
    scripts: ClassVar[dict[str, Script]] = {}
    parser: ClassVar[Script] = Script()

    @property
    def script(self) -> Script:
        """What this account does."""
        return self.scripts[self.config.host]

    def fetch(self, cursor: str | None) -> Iterator[RawItem]:
        """Yield what the script yields."""
        return self.script.items(cursor)

    @classmethod
    def parse(cls, raw: bytes) -> IncomingMessage:
        """Understand an item as the script does."""
        return cls.parser.parse(raw)

    def send(self, message: OutgoingMessage) -> Sent:
        """Send as the script does."""
        self.script.sent.append(message)
        return self.script.send(message)

    def was_sent(self, message: OutgoingMessage) -> bool | None:
        """Answer as the script does."""
        return self.script.was_sent(message)

    def keep_copy(self, message: OutgoingMessage) -> None:
        """Do as the script does."""
        self.script.keep_copy(message)


def channels() -> list[type[ScriptedChannel]]:
    """The hook that brings the channel."""
    return [ScriptedChannel]


def connect(room: Mailroom, address: str, script: Script | None = None, **more: Any) -> int:
    """Connect an account that does what a script says; returns its id."""
    ScriptedChannel.scripts[address] = script or Script()
    with room.site.db.write() as session:
        return accounts.create(
            room.site, session, SYSTEM, channel="scripted", name=address, address=address,
            values={"host": address, "password": "canary-77"}, **more,
        ).id  # fmt: skip
