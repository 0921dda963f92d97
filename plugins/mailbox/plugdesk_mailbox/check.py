"""Try everything that a mailbox needs, and say in plain words how it went."""

from __future__ import annotations

from collections.abc import Iterator

from plugdesk.plugin import ChannelError, CheckResult, gettext

from plugdesk_mailbox.imap.connection import FolderMissing, ImapConnection, telling
from plugdesk_mailbox.settings import MailboxSettings
from plugdesk_mailbox.smtp.client import Patience, connect

_SILENCE = 15.0
_PATIENCE = Patience(connect=15.0, command=15.0)


def check(config: MailboxSettings) -> list[CheckResult]:
    """Sign in both ways and open each folder, without sending or changing anything."""
    return [*_receiving(config), _sending(config)]


def _receiving(config: MailboxSettings) -> Iterator[CheckResult]:
    label = gettext("Receiving from %(host)s", host=config.imap_host)
    try:
        connection = ImapConnection.open(config, _SILENCE)
    except ChannelError as error:
        yield CheckResult(label=label, ok=False, sentence=str(error))
        return
    try:
        yield CheckResult(label=label, ok=True, sentence=gettext("Connected and signed in."))
        for folder in config.folders:
            yield _folder(connection, folder)
    finally:
        connection.close()


def _folder(connection: ImapConnection, folder: str) -> CheckResult:
    label = gettext("Folder %(folder)s", folder=folder)
    try:
        with telling(connection.config):
            connection.examine(folder)
            return CheckResult(label=label, ok=True, sentence=gettext("The folder can be read."))
    except FolderMissing:
        return CheckResult(label=label, ok=False, sentence=_missing(connection, folder))
    except ChannelError as error:
        return CheckResult(label=label, ok=False, sentence=str(error))


def _missing(connection: ImapConnection, folder: str) -> str:
    try:
        with telling(connection.config):
            names = [info.name for info in connection.folder.list()]
    except ChannelError:
        names = []
    host = connection.config.imap_host
    missing = gettext("%(host)s has no folder “%(folder)s”.", host=host, folder=folder)
    if not names:
        return missing
    return f"{missing} {gettext('It has: %(names)s.', names=', '.join(sorted(names)[:20]))}"


def _sending(config: MailboxSettings) -> CheckResult:
    label = gettext("Sending through %(host)s", host=config.smtp_host)
    try:
        client = connect(config, _PATIENCE)
    except ChannelError as error:
        return CheckResult(label=label, ok=False, sentence=str(error))
    wants_password = client.has_extn("auth")
    client.goodbye()
    sentence = (
        gettext("Connected and signed in.")
        if wants_password
        else gettext("Connected; it wants no password.")
    )
    return CheckResult(label=label, ok=True, sentence=sentence)
