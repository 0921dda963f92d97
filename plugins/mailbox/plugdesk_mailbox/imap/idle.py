"""Wait for new mail: IDLE (RFC 2177) where the server has it, asking regularly where not."""

from __future__ import annotations

import imaplib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event

from plugdesk_mailbox.imap.client import Overrun
from plugdesk_mailbox.imap.connection import FolderMissing, ImapConnection, telling

_NEWS = re.compile(rb"^\* \d+ (EXISTS|RECENT)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a waiting connection does something, in seconds."""

    keep_alive: float = 240.0
    """IDLE is ended and begun again so often: well below the 29 minutes after which servers may
    hang up, and often enough to notice a dead link within minutes."""
    answer: float = 30.0
    """A server that does not end IDLE within this time is gone."""
    poll: float = 60.0
    """Pause between questions to a server without IDLE."""
    tick: float = 0.5
    """The longest that a stop may go unnoticed."""


class Watch:
    """Watches the first folder by IDLE and all others by asking now and then.

    `seen` holds UIDVALIDITY and UIDNEXT as of the last complete reading, so that what arrived
    between reading and watching is noticed; folders that are not in it start from now. After
    news it is what the folders were then, so that the next watch notices what came since.
    """

    def __init__(
        self,
        connection: ImapConnection,
        folders: list[str],
        seen: Mapping[str, tuple[int, int]],
        pace: Pace,
    ) -> None:
        self._connection = connection
        self._folders = folders
        self.seen = dict(seen)
        self._pace = pace

    def wait(self, timeout: float, stop: Event) -> bool:
        """Block until news, `timeout` seconds or `stop`; True for news.

        Raises ChannelUnavailable when the connection breaks before it has been of use.
        """
        until = time.monotonic() + timeout
        if self._connection.has("IDLE"):
            return self._idle_until(until, stop)
        with telling(self._connection.config):
            return self._poll_until(until, stop) and self._note()

    def _poll_until(self, until: float, stop: Event) -> bool:
        while not self._changed(self._folders):
            rest = min(until - time.monotonic(), self._pace.poll)
            if rest <= 0 or stop.wait(rest):
                return False
        return True

    def _idle_until(self, until: float, stop: Event) -> bool:
        with telling(self._connection.config):
            if self._open_first() or self._changed(self._folders[1:]):
                return self._note()
        proven = time.monotonic() + self._pace.keep_alive
        while not stop.is_set() and time.monotonic() < until:
            try:
                news = self._idle_once(until, stop)
            except (imaplib.IMAP4.abort, OSError, Overrun):
                # A link that was silent for so long may have swallowed the news.
                if time.monotonic() >= proven:
                    return True
                with telling(self._connection.config):
                    raise
            with telling(self._connection.config):
                if news or (not stop.is_set() and self._changed(self._folders[1:])):
                    return self._note()
        return False

    def _open_first(self) -> bool:
        """Open the first folder; True when it has changed since it was last read."""
        folder = self._folders[0]
        try:
            opened = self._connection.examine(folder)
        except FolderMissing:
            return False
        if opened.next_uid is None:
            return False
        return self._differs(folder, (opened.validity, opened.next_uid))

    def _changed(self, folders: list[str]) -> bool:
        for folder in folders:
            now = self._connection.next_uids(folder)
            if now is not None and self._differs(folder, now):
                return True
        return False

    def _note(self) -> bool:
        """Remember what all folders are now, and say that there is news."""
        for folder in self._folders:
            now = self._connection.next_uids(folder)
            if now is not None:
                self.seen[folder] = now
        return True

    def _differs(self, folder: str, now: tuple[int, int]) -> bool:
        before = self.seen.get(folder, now)
        self.seen[folder] = now
        return before != now

    def _idle_once(self, until: float, stop: Event) -> bool:
        """IDLE for at most one keep-alive period; True for news."""
        client = self._connection.client
        end = min(until, time.monotonic() + self._pace.keep_alive)
        tag = client.begin_idle(self._pace.answer)
        news = False
        while not news and not stop.is_set() and (rest := end - time.monotonic()) > 0:
            line = client.line_within(min(rest, self._pace.tick))
            news = _is_news(line)
        return client.end_idle(tag, self._pace.answer, _is_news) or news


def _is_news(line: bytes | None) -> bool:
    return line is not None and _NEWS.match(line) is not None
