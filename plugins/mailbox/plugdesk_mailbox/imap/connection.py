"""A signed-in connection to one mailbox, opened read-only."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from imap_tools.errors import ImapToolsError, MailboxLoginError, UnexpectedCommandStatusError
from imap_tools.mailbox import BaseMailBox
from imap_tools.utils import encode_folder
from plugdesk.plugin import ChannelUnavailable, LazyText, lazy_gettext

from plugdesk_mailbox.imap.client import BoundedClient, Overrun, StartTlsMissing
from plugdesk_mailbox.problems import (
    is_passing,
    sign_in_error,
    starttls_missing,
    unavailable,
    words,
)
from plugdesk_mailbox.settings import MailboxSettings

SILENCE = 60.0
"""Seconds without a byte after which a server counts as gone."""


_SEARCH_BYTES = 16 * 1024 * 1024
"""Room for the UIDs of some two million messages."""

_FAREWELL_BYTES = 64 * 1024
_FAREWELL_SECONDS = 2.0


class FolderMissing(Exception):
    """The server has no such folder, or lets us not open it."""


class CommandRefused(Exception):
    """The server answered NO or BAD to a command; its words are the text."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder as the server described it when it was opened."""

    name: str
    validity: int
    """UIDVALIDITY: UIDs mean the same messages as long as this stays (RFC 3501, 2.3.1.1)."""
    next_uid: int | None
    """UIDNEXT, if the server tells it."""


class ImapConnection(BaseMailBox):
    """imap-tools over our bounded client, with errors as sentences."""

    client: BoundedClient

    current: str
    """The open folder."""

    def __init__(self, config: MailboxSettings, silence: float = SILENCE) -> None:
        self.config = config
        self.current = ""
        self._silence = silence
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        config = self.config
        return BoundedClient(
            config.imap_host, config.imap_port, config.imap_security, config.ca_file, self._silence
        )

    @classmethod
    def open(cls, config: MailboxSettings, silence: float = SILENCE) -> ImapConnection:
        """Connect and sign in.

        Raises ChannelUnavailable or ChannelSignedOut.
        """
        with telling(config):
            connection = cls(config, silence)
        try:
            with telling(config):
                connection._sign_in()
        except BaseException:
            connection.close()
            raise
        return connection

    def _sign_in(self) -> None:
        name, password = self.config.username, self.config.password.get_secret_value()
        try:
            if (name + password).isascii():
                self.login(name, password, initial_folder=None)
            else:
                self.login_utf8(name, password, initial_folder=None)
        except MailboxLoginError as error:
            raise sign_in_error(self.config.imap_host, error.command_result[1]) from error
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise sign_in_error(self.config.imap_host, error) from error
        if not self.has("IDLE"):
            self.client._get_capabilities()  # noqa: SLF001  # some tell IDLE only once signed in

    def has(self, capability: str) -> bool:
        """Say whether the server announced `capability`."""
        return capability in self.client.capabilities

    def close(self) -> None:
        """Say goodbye if the server still listens; never raises."""
        try:
            with self.client.allow(_FAREWELL_BYTES, _FAREWELL_SECONDS):
                self.client.logout()
        except (imaplib.IMAP4.error, OSError, Overrun):
            self.client.shutdown()

    def examine(self, folder: str) -> Opened:
        """Open `folder` read-only.

        Raises FolderMissing.
        """
        client = self.client
        status, answer = client.select(encode_folder(folder).decode("ascii"), readonly=True)
        if status != "OK":
            self._refuse_if_passing(answer)
            self.current = ""
            raise FolderMissing(words(answer))
        self.current = folder
        validity = _number(client.response("UIDVALIDITY"))
        if validity is None:
            msg = lazy_gettext(
                "%(host)s does not number its messages lastingly (UIDVALIDITY), so the folder"
                " “%(folder)s” cannot be read safely.",
                host=self.config.imap_host,
                folder=folder,
            )
            raise ChannelUnavailable(msg)
        return Opened(folder, validity, _number(client.response("UIDNEXT")))

    def uid_search(self, *criteria: str) -> list[int]:
        """Return the matching UIDs of the open folder in ascending order.

        Raises CommandRefused.
        """
        with self.client.allow(_SEARCH_BYTES):
            lines = self._uid("SEARCH", *criteria)
        numbers = {int(n) for line in lines if line for n in line.split() if n.isdigit()}
        return sorted(numbers)

    def uid_fetch(self, uids: str, items: str, size: int) -> list[object]:
        """Return imaplib's raw answer to UID FETCH; `size` bounds it in bytes.

        Raises CommandRefused, and Overrun when the answer is larger.
        """
        seconds = 120 + size / 50_000
        with self.client.allow(size, seconds):
            return self._uid("FETCH", uids, items)

    def next_uids(self, folder: str) -> tuple[int, int] | None:
        """Return UIDVALIDITY and UIDNEXT of a folder that is not open; None if unknown."""
        try:
            status = self.folder.status(folder, ("UIDNEXT", "UIDVALIDITY"))
        except UnexpectedCommandStatusError:
            return None
        if {"UIDNEXT", "UIDVALIDITY"} <= status.keys():
            return status["UIDVALIDITY"], status["UIDNEXT"]
        return None

    def _uid(self, command: str, *args: str) -> list[Any]:
        try:
            status, answer = self.client.uid(command, *args)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:  # BAD
            status, answer = "BAD", [str(error)]
        if status != "OK":
            self._refuse_if_passing(answer)
            raise CommandRefused(words(answer))
        return answer

    def _refuse_if_passing(self, answer: object) -> None:
        if is_passing(answer):
            msg = lazy_gettext(
                "%(host)s asks us to come back later: “%(words)s”.",
                host=self.config.imap_host,
                words=words(answer),
            )
            raise ChannelUnavailable(msg)


def _number(response: tuple[str, list[bytes | None]]) -> int | None:
    last = response[1][-1] if response[1] else None
    return int(last) if last is not None and last.isdigit() else None


@contextmanager
def telling(config: MailboxSettings) -> Iterator[None]:
    """Turn every error of sockets, TLS, imaplib and imap-tools into ChannelUnavailable."""
    try:
        yield
    except Overrun as error:
        msg = lazy_gettext(
            "%(host)s sent more than can be right, so we hung up. Trying again later.",
            host=config.imap_host,
        )
        raise ChannelUnavailable(msg) from error
    except imaplib.IMAP4.error as error:
        raise ChannelUnavailable(_protocol_problem(config, error)) from error
    except (OSError, ssl.SSLError, UnicodeError) as error:
        raise _broken(config, error) from error
    except (ImapToolsError, CommandRefused) as error:
        msg = lazy_gettext(
            "%(host)s refused a command: “%(words)s”.", host=config.imap_host, words=words(error)
        )
        raise ChannelUnavailable(msg) from error


def _broken(config: MailboxSettings, error: BaseException) -> Exception:
    return unavailable(error, config.imap_host, config.imap_port, config.imap_security)


def _protocol_problem(config: MailboxSettings, error: imaplib.IMAP4.error) -> LazyText:
    if isinstance(error, StartTlsMissing):
        return starttls_missing(config.imap_host, config.imap_port)
    text = words(error)
    host = config.imap_host
    if "EOF" in text or "socket error" in text:
        return lazy_gettext("%(host)s broke the connection off. Trying again later.", host=host)
    if "BYE" in text or is_passing(text):
        return lazy_gettext(
            "%(host)s ended the connection: “%(words)s”. Trying again later.", host=host, words=text
        )
    return lazy_gettext(
        "%(host)s answered in a way that we do not understand: “%(words)s”.", host=host, words=text
    )
