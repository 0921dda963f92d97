"""Read what is new in all folders of one mailbox."""

from __future__ import annotations

from collections.abc import Iterator

from plugdesk.plugin import ChannelUnavailable, LazyText, RawItem, lazy_gettext

from plugdesk_mailbox.imap.bodies import BodyFetcher, Fetched
from plugdesk_mailbox.imap.connection import FolderMissing, ImapConnection, telling
from plugdesk_mailbox.imap.cursor import Cursor, Place
from plugdesk_mailbox.imap.listing import Listing, list_folder
from plugdesk_mailbox.imap.suspects import Suspects
from plugdesk_mailbox.settings import MailboxSettings


class Reader:
    """One pass over the folders, beginning at a cursor.

    Attributes:
        seen: UIDVALIDITY and UIDNEXT of each folder as it was listed; complete after `items`.
    """

    def __init__(self, config: MailboxSettings, cursor: str | None, silence: float) -> None:
        self.seen: dict[str, tuple[int, int]] = {}
        self._config = config
        self._cursor = Cursor.load(cursor)
        self._silence = silence
        self._missing: list[str] = []
        self._remaining = 0

    def items(self) -> Iterator[RawItem]:
        """Yield what is new, oldest first within each folder, and whole or with a problem.

        Raises ChannelUnavailable or ChannelSignedOut; at the very end also for folders that
        the server does not have, when all others have been read.
        """
        self._connection = ImapConnection.open(self._config, self._silence)
        try:
            listings = self._list()
            self._remaining = sum(len(listing.uids) for listing in listings)
            for listing in listings:
                if listing.uids:
                    yield from self._read(listing)
        finally:
            self._connection.close()
        if self._missing:
            raise ChannelUnavailable(self._missing_folders())

    def _list(self) -> list[Listing]:
        listings = []
        for folder in self._config.folders:
            known = self._cursor.places.get(folder)
            try:
                with telling(self._config):
                    listing = list_folder(
                        self._connection, folder, known, self._config.import_since
                    )
            except FolderMissing:
                self._missing.append(folder)
                continue
            listings.append(listing)
            if listing.next_uid is not None:
                self.seen[folder] = (listing.start.validity, listing.next_uid)
        return listings

    def _read(self, listing: Listing) -> Iterator[RawItem]:
        folder = listing.folder
        if self._connection.current != folder and not self._open_again(listing):
            return
        config = self._config
        mailbox = f"{config.username}@{config.imap_host}:{config.imap_port}"
        fetcher = BodyFetcher(
            self._connection,
            lambda: self._reconnect(listing),
            config.max_message_size,
            Suspects(listing.start.key(f"{mailbox}/{folder}", 0)),
        )
        messages = fetcher.fetch(listing.uids)
        for position in range(len(listing.uids)):
            with telling(self._config):
                fetched = next(messages, None)
            if fetched is None:
                break
            yield self._item(listing, fetched, position)
        self._remaining -= len(listing.uids)

    def _open_again(self, listing: Listing) -> bool:
        try:
            with telling(self._config):
                opened = self._connection.examine(listing.folder)
        except FolderMissing:
            self._missing.append(listing.folder)
            return False
        if opened.validity != listing.start.validity:
            msg = lazy_gettext(
                "The folder “%(folder)s” was rebuilt while we read. Reading it anew.",
                folder=listing.folder,
            )
            raise ChannelUnavailable(msg)
        return True

    def _reconnect(self, listing: Listing) -> ImapConnection:
        self._connection.client.shutdown()
        self._connection = ImapConnection.open(self._config, self._silence)
        if not self._open_again(listing):
            raise ChannelUnavailable(self._missing_folders())
        return self._connection

    def _item(self, listing: Listing, fetched: Fetched, position: int) -> RawItem:
        start, uid = listing.start, fetched.answer.uid
        place = Place(start.validity, uid, start.first, start.turn)
        self._cursor.places[listing.folder] = place
        return RawItem(
            key=place.key(listing.folder, uid),
            raw=fetched.answer.body or b"",
            cursor=self._cursor.dump(),
            received_at=fetched.answer.received_at,
            place=listing.folder,
            remaining=max(0, self._remaining - position - 1),
            problem=fetched.problem,
        )

    def _missing_folders(self) -> LazyText:
        names = ", ".join(f"“{name}”" for name in self._missing)
        return lazy_gettext(
            "%(host)s has no folder %(names)s any more. Create it there again, or take it out of"
            " this mailbox's folders. All other folders were read.",
            host=self._config.imap_host,
            names=names,
        )
