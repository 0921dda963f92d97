"""Fixed values as forms send them."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

Choice = TypeVar("Choice", bound=StrEnum)


def pick(choices: type[Choice], text: str | None) -> Choice | None:
    """Return the choice that `text` names; None when it names none."""
    return next((choice for choice in choices if choice.value == text), None)
