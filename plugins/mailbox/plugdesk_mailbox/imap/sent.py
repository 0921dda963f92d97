"""The folder of sent mail: is a message in it, and put one there."""

from __future__ import annotations

import imaplib
import re

from imap_tools.utils import encode_folder

from plugdesk_mailbox.imap.connection import CommandRefused, FolderMissing, ImapConnection

_USUAL_NAMES = (
    "sent",
    "sent messages",
    "sent items",
    "sent mail",
    "inbox.sent",
    "inbox/sent",
    "보낸메일함",
    "보낸편지함",
    "보낸 편지함",
)
_SEARCHABLE = re.compile(r"[!-~]{1,900}")


def sent_folder(connection: ImapConnection, chosen: str) -> str | None:
    r"""Return the folder of sent mail, or None if there is none.

    In this order: what the owner chose, what the server marks with \Sent (RFC 6154), and what
    bears a usual name.
    """
    if chosen:
        return chosen
    folders = [
        folder
        for folder in connection.folder.list()
        if not {flag.lower() for flag in folder.flags} & {"\\noselect", "\\nonexistent"}
    ]
    for folder in folders:
        if "\\sent" in {flag.lower() for flag in folder.flags}:
            return folder.name
    by_name = {folder.name.lower(): folder.name for folder in folders}
    return next((by_name[name] for name in _USUAL_NAMES if name in by_name), None)


def holds(connection: ImapConnection, folder: str, message_id: str) -> bool | None:
    """Say whether `folder` has a message with this Message-ID; None if it cannot be known."""
    if not _SEARCHABLE.fullmatch(message_id):
        return None
    quoted = message_id.replace("\\", "\\\\").replace('"', '\\"')
    try:
        connection.examine(folder)
        return bool(connection.uid_search("HEADER", "Message-ID", f'"<{quoted}>"'))
    except (FolderMissing, CommandRefused):
        return None


def append(connection: ImapConnection, folder: str, raw: bytes) -> None:
    r"""Put `raw` into `folder` as a read message.

    Raises CommandRefused.
    """
    client = connection.client
    try:
        status, answer = client.append(encode_folder(folder).decode(), r"(\Seen)", "", raw)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        raise CommandRefused(str(error)) from error
    if status != "OK":
        raise CommandRefused(answer[0].decode("utf-8", "replace") if answer[0] else status)
