"""Where reading goes on: for each folder its epoch and the last UID that was handed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Place:
    """How far one folder was read."""

    validity: int
    uid: int = 0
    first: int = 1
    """UIDs below were there when the folder was first listed; the start date holds for them."""
    turn: int = 0
    """How often the server went back to numbers that it had used before."""

    def key(self, folder: str, uid: int) -> str:
        """Return the item's name for ever.

        A server that counts backwards (restored from a backup) gives old numbers to new mail;
        the turn keeps their keys apart, and the desk matches by content what it knows already.
        """
        epoch = f"{self.validity}~{self.turn}" if self.turn else str(self.validity)
        return f"{folder}:{epoch}:{uid}"


@dataclass(slots=True)
class Cursor:
    """The places of all folders that were ever read."""

    places: dict[str, Place] = field(default_factory=dict)

    @classmethod
    def load(cls, text: str | None) -> Cursor:
        """Read what `dump` wrote; what is unreadable starts over, since keys prevent doubles."""
        try:
            data: Any = json.loads(text) if text else {}
            folders: Mapping[str, list[int]] = data.get("folders", {})
            return cls({name: _place(numbers) for name, numbers in folders.items()})
        except (ValueError, TypeError, AttributeError, OverflowError):
            return cls()

    def dump(self) -> str:
        """Return the cursor as JSON."""
        folders = {
            name: [place.validity, place.uid, place.first, place.turn]
            for name, place in self.places.items()
        }
        return json.dumps({"v": _VERSION, "folders": folders}, ensure_ascii=False)


def _place(numbers: list[int]) -> Place:
    validity, uid, first, turn = (int(number) for number in numbers)
    return Place(validity, uid, first, turn)
