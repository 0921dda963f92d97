"""Remember which messages a server broke the connection over.

A cut connection is nearly always the network's fault, so it never condemns a message by itself.
But some servers crash on one damaged message each time; without a memory, all mail behind it
would wait for ever.
"""

from __future__ import annotations

import imaplib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

_CUTS = 3
"""A message fetched alone that so many separate attempts in a row were cut over is condemned."""

_REMEMBERED = 1000


class Suspects:
    """What one process remembers about one folder; the bookkeeping is shared by all."""

    _cuts: ClassVar[OrderedDict[tuple[str, int], int]] = OrderedDict()
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, folder: str) -> None:
        """`folder` names mailbox, folder and epoch."""
        self._folder = folder

    def __contains__(self, uid: int) -> bool:
        """Say whether `uid` is to be fetched alone."""
        return (self._folder, uid) in self._cuts

    def condemned(self, uid: int) -> bool:
        """Say whether `uid` is not to be fetched whole again; asked once, then it is forgotten."""
        with self._lock:
            if self._cuts.get((self._folder, uid), 0) < _CUTS:
                return False
            del self._cuts[self._folder, uid]
            return True

    @contextmanager
    def watching(self, uids: Sequence[int]) -> Iterator[None]:
        """Note `uids` as suspect when the connection breaks within, as innocent otherwise."""
        try:
            yield
        except (imaplib.IMAP4.abort, OSError):
            self._note(uids)
            raise
        with self._lock:
            for uid in uids:
                self._cuts.pop((self._folder, uid), None)

    def _note(self, uids: Sequence[int]) -> None:
        with self._lock:
            for uid in uids:
                name = (self._folder, uid)
                alone = len(uids) == 1
                self._cuts[name] = self._cuts.get(name, 0) + (1 if alone else 0)
                self._cuts.move_to_end(name)
            while len(self._cuts) > _REMEMBERED:
                self._cuts.popitem(last=False)
