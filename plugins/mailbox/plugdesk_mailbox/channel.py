"""The channel itself: what the desk calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event
from typing import ClassVar

from plugdesk.plugin import (
    N_,
    AccountInfo,
    Channel,
    ChannelUnavailable,
    CheckResult,
    IncomingMessage,
    OutgoingMessage,
    RawItem,
    Sent,
    lazy_gettext,
)

from plugdesk_mailbox import check as checks
from plugdesk_mailbox.imap import sent as sent_mail
from plugdesk_mailbox.imap.connection import SILENCE, ImapConnection, telling
from plugdesk_mailbox.imap.idle import Pace, Watch
from plugdesk_mailbox.imap.reader import Reader
from plugdesk_mailbox.providers import provider_of_host, settings_for
from plugdesk_mailbox.settings import MailboxSettings, SaveSent
from plugdesk_mailbox.smtp.client import Patience
from plugdesk_mailbox.smtp.compose import compose
from plugdesk_mailbox.smtp.headers import bare_id
from plugdesk_mailbox.smtp.send import send


class MailboxChannel(Channel[MailboxSettings]):
    """Any mailbox: IMAP in, SMTP out.

    An object that fetches and then waits, or waits again and again, misses nothing in between;
    the first wait of one that never fetched notices what arrives from then on.
    """

    name: ClassVar[str] = "mailbox"
    label: ClassVar[str] = N_("Mailbox")
    settings: ClassVar[type[MailboxSettings]] = MailboxSettings

    silence: ClassVar[float] = SILENCE
    """Seconds without a byte after which an IMAP server counts as gone."""
    pace: ClassVar[Pace] = Pace()
    """How often a waiting connection does something."""
    patience: ClassVar[Patience] = Patience()
    """How long each step of sending may take."""

    def __init__(self, config: MailboxSettings, account: AccountInfo) -> None:
        super().__init__(config, account)
        self._seen: dict[str, tuple[int, int]] = {}
        self._behind = False

    @classmethod
    def suggest(cls, address: str) -> dict[str, object]:
        """Fill in the servers of the provider that runs `address`, if it is a known one."""
        return settings_for(address) or {}

    def check(self) -> Sequence[CheckResult]:
        """Sign in both ways and open each folder; send nothing, change nothing."""
        return checks.check(self.config)

    def fetch(self, cursor: str | None) -> Iterator[RawItem]:
        """Yield what is new in all folders; see `Reader.items`."""
        reader = Reader(self.config, cursor, self.silence)
        self._behind = True
        yield from reader.items()
        self._seen = reader.seen
        self._behind = False

    @classmethod
    def parse(cls, raw: bytes) -> IncomingMessage:
        """Understand one mail; see `plugdesk_mailbox.mime`."""
        # Only the killable worker that parses needs the parser.
        from plugdesk_mailbox import quotes
        from plugdesk_mailbox.mime import parse

        return quotes.apply(parse(raw))

    def send(self, message: OutgoingMessage) -> Sent:
        """Hand one message to the SMTP server; see `plugdesk_mailbox.smtp.send`."""
        return send(message, self.config, self.patience)

    def wait(self, timeout: float, stop: Event) -> bool:
        """Wait by IDLE where the server has it, by asking regularly where not."""
        if self._behind:
            return True
        connection = ImapConnection.open(self.config, self.silence)
        watch = Watch(connection, self.config.folders, self._seen, self.pace)
        try:
            return watch.wait(timeout, stop)
        finally:
            self._seen = watch.seen
            connection.close()

    def was_sent(self, message: OutgoingMessage) -> bool | None:
        """Say whether the Sent folder has the message; None without such a folder."""
        with telling(self.config):
            connection = ImapConnection.open(self.config, self.silence)
            try:
                folder = sent_mail.sent_folder(connection, self.config.sent_folder)
                if folder is None:
                    return None
                return sent_mail.holds(connection, folder, bare_id(message.message_id))
            finally:
                connection.close()

    def keep_copy(self, message: OutgoingMessage) -> None:
        """Put an accepted message into the Sent folder, unless it is there or not wanted."""
        if not self._keeps_copies():
            return
        with telling(self.config):
            connection = ImapConnection.open(self.config, self.silence)
            try:
                self._keep_copy(connection, message)
            finally:
                connection.close()

    def _keep_copy(self, connection: ImapConnection, message: OutgoingMessage) -> None:
        folder = sent_mail.sent_folder(connection, self.config.sent_folder)
        if folder is None and self.config.save_sent is SaveSent.AUTO:
            return
        if folder is None:
            msg = lazy_gettext(
                "There is no folder for sent mail. Name one in the mailbox's settings."
            )
            raise ChannelUnavailable(msg)
        if sent_mail.holds(connection, folder, bare_id(message.message_id)) is not True:
            sent_mail.append(connection, folder, compose(message, self.config))

    def _keeps_copies(self) -> bool:
        if self.config.save_sent is not SaveSent.AUTO:
            return self.config.save_sent is SaveSent.YES
        provider = provider_of_host(self.config.smtp_host)
        return provider is None or not provider.saves_sent
