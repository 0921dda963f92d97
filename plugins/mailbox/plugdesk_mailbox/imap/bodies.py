"""Fetch the bytes of listed messages in bounded sets, and alone where a set fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from plugdesk.plugin import ChannelUnavailable, LazyText, lazy_gettext

from plugdesk_mailbox.imap.answers import Answer, read_answers, uid_set
from plugdesk_mailbox.imap.client import ANSWER, Overrun
from plugdesk_mailbox.imap.connection import CommandRefused, ImapConnection
from plugdesk_mailbox.imap.suspects import Suspects

SET_MESSAGES = 50
SET_BYTES = 8 * 1024 * 1024
_SIZES_AT_ONCE = 500
_HEADER_BYTES = 256 * 1024
_FAILURES_IN_A_ROW = 3
"""So many refused messages one after the other are the server's trouble, not the messages'."""


@dataclass(slots=True)
class Fetched:
    """A message as far as it could be fetched."""

    answer: Answer
    problem: str | LazyText = ""
    refused: bool = False
    """The server would not give it, though it lists it."""


class BodyFetcher:
    """Reads the open folder's messages.

    `reopen` returns a new connection with the same folder open, for when a set broke the old one.
    """

    def __init__(
        self,
        connection: ImapConnection,
        reopen: Callable[[], ImapConnection],
        largest: int,
        suspects: Suspects,
    ) -> None:
        self._connection = connection
        self._reopen = reopen
        self._largest = largest
        self._suspects = suspects

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Yield the messages that still exist, in the order of `uids`.

        A refused message counts as its own failure only once a later one could be read.

        Raises ChannelUnavailable when one after the other is refused, and imaplib's and socket
        errors as they come; what was yielded is whole.
        """
        refused: list[Fetched] = []
        for fetched in self._fetch(uids):
            if fetched.refused:
                refused.append(fetched)
                if len(refused) >= _FAILURES_IN_A_ROW:
                    msg = lazy_gettext(
                        "The server fails on one message after the other: %(problem)s",
                        problem=fetched.problem,
                    )
                    raise ChannelUnavailable(msg)
                continue
            yield from refused
            refused.clear()
            yield fetched
        yield from refused

    def _fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        for start in range(0, len(uids), _SIZES_AT_ONCE):
            some = uids[start : start + _SIZES_AT_ONCE]
            sizes = self._sizes(some)
            for group in self._groups(some, sizes):
                yield from self._group(group, sizes)

    def _sizes(self, uids: Sequence[int]) -> dict[int, Answer]:
        size = ANSWER + 200 * len(uids)
        parts = self._connection.uid_fetch(uid_set(uids), "(UID RFC822.SIZE INTERNALDATE)", size)
        return read_answers(parts)

    def _groups(self, uids: Sequence[int], sizes: dict[int, Answer]) -> Iterator[list[int]]:
        group: list[int] = []
        total = 0
        for uid in uids:
            size = _size(sizes.get(uid))
            alone = size > self._largest or uid not in sizes or uid in self._suspects
            full = len(group) >= SET_MESSAGES or total + size > SET_BYTES
            if group and (alone or full):
                yield group
                group, total = [], 0
            if alone:
                yield [uid]
            else:
                group.append(uid)
                total += size
        if group:
            yield group

    def _group(self, group: list[int], sizes: dict[int, Answer]) -> Iterator[Fetched]:
        bodies = self._together(group, sizes) if len(group) > 1 else {}
        for uid in group:
            whole = bodies.pop(uid, None)
            if whole is not None and whole.body is not None:
                yield Fetched(whole)
                continue
            fetched = self._alone(uid, sizes.get(uid))
            if fetched is not None:
                yield fetched

    def _together(self, group: list[int], sizes: dict[int, Answer]) -> dict[int, Answer]:
        # Some servers only estimate RFC822.SIZE, hence the spare room.
        size = 2 * sum(_size(sizes.get(uid)) for uid in group) + ANSWER
        try:
            with self._suspects.watching(group):
                return self._bodies(group, size)
        except Overrun:
            self._connection = self._reopen()
        except CommandRefused:
            pass
        return {}

    def _bodies(self, uids: Sequence[int], size: int) -> dict[int, Answer]:
        items = "(UID INTERNALDATE BODY.PEEK[])"
        return read_answers(self._connection.uid_fetch(uid_set(uids), items, size))

    def _alone(self, uid: int, listed: Answer | None) -> Fetched | None:
        """Return one message, whole or with a problem; None when it vanished meanwhile."""
        if _size(listed) > self._largest:
            return self._too_large(uid, listed)
        if self._suspects.condemned(uid):
            return self._failed(
                uid, lazy_gettext("The server breaks off each time we fetch this message.")
            )
        try:
            with self._suspects.watching([uid]):
                answer = self._bodies([uid], self._largest + ANSWER).get(uid)
        except Overrun:
            self._connection = self._reopen()
            return self._too_large(uid, listed)
        except CommandRefused as error:
            refusal = lazy_gettext(
                "The server refuses to give this message: “%(words)s”.", words=error
            )
            return self._failed(uid, refusal)
        if answer is not None and answer.body is not None:
            return Fetched(answer)
        if not self._connection.uid_search("UID", str(uid)):
            return None
        return self._failed(
            uid, lazy_gettext("The server lists this message but gives no content.")
        )

    def _too_large(self, uid: int, listed: Answer | None) -> Fetched:
        limit = f"{self._largest:,}"
        problem = lazy_gettext(
            "This message is too large: the mailbox is set to take at most %(limit)s bytes. Only"
            " its header was read.",
            limit=limit,
        )
        if _size(listed) > self._largest:
            problem = lazy_gettext(
                "This message is too large: %(size)s bytes, and the mailbox is set to take at most"
                " %(limit)s bytes. Only its header was read.",
                size=f"{_size(listed):,}",
                limit=limit,
            )
        return Fetched(self._header(uid), problem)

    def _failed(self, uid: int, problem: LazyText) -> Fetched:
        return Fetched(self._header(uid), problem, refused=True)

    def _header(self, uid: int) -> Answer:
        items = f"(UID INTERNALDATE BODY.PEEK[HEADER]<0.{_HEADER_BYTES}>)"
        try:
            parts = self._connection.uid_fetch(str(uid), items, ANSWER)
        except CommandRefused:
            return Answer(uid=uid, body=b"")
        answer = read_answers(parts).get(uid) or Answer(uid=uid)
        answer.body = answer.body or b""
        return answer


def _size(listed: Answer | None) -> int:
    return (listed.size or 0) if listed is not None else 0
