"""Numbers of rows in addresses and forms. What no row can have is nobody's number."""

from __future__ import annotations

from typing import Any

from werkzeug.routing import IntegerConverter, Map

#: PostgreSQL's integer; SQLite would take more, and fail later.
LARGEST = 2**31 - 1


def row_id(text: str) -> int:
    """Read a row's number. Raises ValueError, which `request.form.get` takes for "not given"."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST))):
        msg = "This is no number of a row."
        raise ValueError(msg)
    number = int(text)
    if number > LARGEST:
        msg = "No row has so large a number."
        raise ValueError(msg)
    return number


class RowIdConverter(IntegerConverter):
    """`<int:...>` in a route: a larger number matches no page and answers 404."""

    def __init__(self, map: Map, *arguments: Any, **options: Any) -> None:  # noqa: A002
        super().__init__(map, *arguments, **{"max": LARGEST, **options})
