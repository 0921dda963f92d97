"""What a channel is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel

from plugdesk.contract.addresses import Address
from plugdesk.contract.messages import IncomingMessage, OutgoingMessage, RawItem, Sent

Settings = TypeVar("Settings", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo:
    """The connected account that a channel object works for."""

    id: int
    name: str
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One thing that was tried before an account is saved."""

    label: str
    """What was tried: "Receiving from imap.example.com"."""
    ok: bool
    sentence: str
    """What happened and, when it failed, what to do."""


class Channel(Generic[Settings]):
    """A way people write to you. One object is one connected account.

    The desk makes an object per job, in a worker, never during a page request. Every method may
    raise `ChannelUnavailable` (tried again with backoff) or `ChannelSignedOut` (stops the account
    and tells the owner). Accounts are independent of each other.
    """

    name: ClassVar[str]
    """Stable identifier, `[a-z][a-z0-9_]*`, unique among all channels."""
    label: ClassVar[str]
    """What the owner reads when adding an account; translated by the desk."""
    settings: ClassVar[type[BaseModel]]
    """Becomes the form that adds an account. `SecretStr` fields are encrypted at rest."""

    def __init__(self, config: Settings, account: AccountInfo) -> None:
        self.config = config
        self.account = account

    @classmethod
    def suggest(cls, address: str) -> dict[str, object]:
        """Values for the fields of `settings` that follow from the owner's address, if any do.

        Fills the "add account" form before the owner edits it. Needs no network and promises
        nothing: `check` tells what works. The default knows no address.
        """
        return {}

    def check(self) -> Sequence[CheckResult]:
        """Try everything that the account needs, without changing anything on the other side."""
        raise NotImplementedError

    def fetch(self, cursor: str | None) -> Iterator[RawItem]:
        """Yield what is new since `cursor`, oldest first.

        The desk stores items in batches, each with the cursor of its last item, and may stop
        reading at any time; what was yielded twice is stored once, by its key. Nothing may be
        deleted, moved or flagged on the other side.
        """
        raise NotImplementedError

    @classmethod
    def parse(cls, raw: bytes) -> IncomingMessage:
        """Understand one item. Runs in a process that may be killed; has no settings, no network.

        The same bytes give the same message. Raises `ParseLimit`, or anything else: the item is
        then quarantined with the error's text.
        """
        raise NotImplementedError

    def send(self, message: OutgoingMessage) -> Sent:
        """Hand one message to the other side, once.

        Raise `ChannelUnavailable` only when the other side certainly did not take it.
        """
        raise NotImplementedError

    def wait(self, timeout: float, stop: Event) -> bool:
        """Block until something may have arrived, `timeout` seconds passed or `stop` is set.

        Return True when something may have arrived. The default knows no push and only waits.
        """
        stop.wait(timeout)
        return False

    def was_sent(self, message: OutgoingMessage) -> bool | None:
        """Say whether the provider has its own copy of a message we sent; None if unknowable."""
        return None

    def keep_copy(self, message: OutgoingMessage) -> None:
        """Keep a copy of an accepted message where the owner's mail client shows sent mail."""
