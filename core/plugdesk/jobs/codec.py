"""Values as JSON and back, for what waits in the queue. Never pickle: a queue is only data.

JSON's own types stand for themselves; others become `{"$": tag, "v": value}`. What comes out
equals what went in, types included, except that a time zone becomes its offset.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

_TAG = "$"
_VALUE = "v"
_MICROSECOND = timedelta(microseconds=1)
_PLAIN = (type(None), bool, int, str)


def dumps(value: object) -> bytes:
    """Return `value` as JSON.

    The same value always gives the same bytes, as long as it holds no set. Raises TypeError
    when it contains something of a type that has no written form here.
    """
    try:
        return json.dumps(_pack(value), separators=(",", ":")).encode("ascii")
    except RecursionError:
        msg = "This value is nested too deeply for a job. Store it and pass its id."
        raise TypeError(msg) from None


def loads(data: bytes | memoryview) -> Any:
    """Return the value that `dumps` wrote. Raises ValueError when `data` is anything else."""
    try:
        return _unpack(json.loads(bytes(data)))
    except (KeyError, TypeError, ArithmeticError, RecursionError) as error:
        msg = "This is not a job that Plugdesk wrote."
        raise ValueError(msg) from error


def _pack(value: object) -> Any:
    # Exact types: a subclass would come back as its base, silently.
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, float) and kind is float and math.isfinite(value):
        return value
    if isinstance(value, list) and kind is list:
        return [_pack(item) for item in value]
    if isinstance(value, dict) and kind is dict:
        return _pack_dict(value)
    packer = _PACKERS.get(kind)
    if packer is None:
        msg = (
            f"A job cannot carry a {kind.__qualname__}. Pass plain values, or the id of what "
            "is stored in the database."
        )
        raise TypeError(msg)
    tag, pack = packer
    return {_TAG: tag, _VALUE: pack(value)}


def _pack_dict(value: dict[Any, Any]) -> Any:
    if all(type(key) is str for key in value) and _TAG not in value:
        return {key: _pack(item) for key, item in value.items()}
    return {_TAG: "dict", _VALUE: _pack_items(value.items())}


def _pack_items(values: Any) -> list[Any]:
    return [_pack(item) for item in values]


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    if isinstance(value, dict):
        if _TAG in value:
            return _UNPACKERS[value[_TAG]](value[_VALUE])
        return {key: _unpack(item) for key, item in value.items()}
    return value


def _unpack_bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


#: type → its tag, how to write it, and how to read it
_TAGGED: dict[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    bytes: ("bytes", lambda value: base64.b64encode(value).decode("ascii"), _unpack_bytes),
    date: ("date", date.isoformat, date.fromisoformat),
    datetime: ("datetime", datetime.isoformat, datetime.fromisoformat),
    timedelta: ("timedelta", lambda value: value // _MICROSECOND, lambda n: n * _MICROSECOND),
    Decimal: ("decimal", str, Decimal),
    UUID: ("uuid", str, UUID),
    float: ("float", repr, float),
    tuple: ("tuple", _pack_items, lambda items: tuple(map(_unpack, items))),
    set: ("set", _pack_items, lambda items: set(map(_unpack, items))),
    frozenset: ("frozenset", _pack_items, lambda items: frozenset(map(_unpack, items))),
    dict: ("dict", lambda value: _pack_items(value.items()), lambda i: dict(map(_unpack, i))),
}
_PACKERS = {kind: (tag, pack) for kind, (tag, pack, _) in _TAGGED.items()}
_UNPACKERS = {tag: unpack for tag, _, unpack in _TAGGED.values()}
