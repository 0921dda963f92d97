"""Find out what is new in each folder before anything of it is fetched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from plugdesk_mailbox.imap.answers import imap_date
from plugdesk_mailbox.imap.connection import ImapConnection, Opened
from plugdesk_mailbox.imap.cursor import Place


@dataclass(slots=True)
class Listing:
    """One folder's new messages, oldest first."""

    folder: str
    start: Place
    """Where reading begins: the cursor's place, or a new epoch."""
    next_uid: int | None
    uids: list[int]


def list_folder(
    connection: ImapConnection, folder: str, known: Place | None, since: date | None
) -> Listing:
    """Open `folder` and list what came after `known`, or everything in a new epoch.

    `since` leaves out what the server received earlier, but only of what was there when the
    folder was first listed: later arrivals count whatever date they bear.

    Raises FolderMissing.
    """
    opened = connection.examine(folder)
    start = _starting_place(connection, opened, known)
    old: list[int] = []
    low = start.uid + 1
    if since and low < start.first:
        day = imap_date(since.year, since.month, since.day)
        old = connection.uid_search("UID", f"{low}:{start.first - 1}", "SINCE", day)
        low = start.first
    found = connection.uid_search("UID", f"{low}:*")
    # The last message answers to `n:*` even when its UID is below n (RFC 3501, 6.4.8).
    uids = old + [uid for uid in found if uid >= low]
    return Listing(folder, start, opened.next_uid, uids)


def _starting_place(connection: ImapConnection, opened: Opened, known: Place | None) -> Place:
    first = opened.next_uid or 1
    if known is None:
        return Place(opened.validity, first=first)
    if opened.validity > known.validity:
        return Place(opened.validity, first=first, turn=known.turn)
    if opened.validity < known.validity or _rewound(connection, opened, known):
        return Place(opened.validity, first=first, turn=known.turn + 1)
    return known


def _rewound(connection: ImapConnection, opened: Opened, known: Place) -> bool:
    """Say whether the server counts again from below what we have read.

    A UIDNEXT at or below an existing UID is a mere lie of the server and proves nothing.
    """
    if opened.next_uid is None or opened.next_uid > known.uid:
        return False
    existing = connection.uid_search("UID", "*")
    return not existing or existing[-1] < opened.next_uid
