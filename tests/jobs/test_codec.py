"""The codec: what comes out of the queue is what went in, and it is never code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugdesk.jobs import codec

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9, minutes=30))]))
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
)
HASHABLE = SCALARS | st.tuples(SCALARS, SCALARS) | st.frozensets(SCALARS, max_size=3)
VALUES: st.SearchStrategy[Any] = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.just("$"), inner)
        | st.dictionaries(HASHABLE, inner, max_size=3)
        | st.sets(HASHABLE, max_size=3)
    ),
    max_leaves=10,
)


def same(one: Any, other: Any) -> bool:
    """Equality that tells 1 from True and 1.0, at any depth."""
    if type(one) is not type(other) or one != other:
        return False
    if isinstance(one, list | tuple):
        return all(map(same, one, other))
    if isinstance(one, dict):
        return all(same(value, other[key]) for key, value in one.items())
    return True


@given(VALUES)
def test_round_trip(value: Any) -> None:
    """Every plain value comes back equal and of the same type, as ASCII in between."""
    data = codec.dumps(value)
    assert data.isascii()
    assert same(codec.loads(data), value)


class Colour(StrEnum):
    RED = "red"


class Sub(dict[str, int]):
    pass


@pytest.mark.parametrize("value", [object(), Colour.RED, Sub(), {"deep": [print]}, 1j])
def test_other_types_are_refused(value: object) -> None:
    """What has no written form is refused with a sentence, when the job is added."""
    with pytest.raises(TypeError, match=r"A job cannot carry a .*Pass plain values"):
        codec.dumps(value)


def test_depth_is_refused() -> None:
    """A value nested without end is refused, not a crash."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(TypeError, match="too deeply"):
        codec.dumps(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04.",
        b'{"$":"os.system","v":"true"}',
        b'{"$":"bytes"}',
        b'{"$":"decimal","v":"x"}',
        b'{"$":["a"],"v":1}',
        b"[" * 100_000,
    ],
)
def test_foreign_data_is_refused(data: bytes) -> None:
    """Data that nobody here wrote raises ValueError; nothing in it is ever called."""
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own message will do
        codec.loads(data)


def test_signed_zero_and_infinity() -> None:
    """Numbers outside JSON keep their value."""
    values = [float("inf"), float("-inf"), Decimal("-0")]
    assert codec.loads(codec.dumps(values)) == values
    nan = codec.loads(codec.dumps(float("nan")))
    assert nan != nan
    assert datetime.max == codec.loads(codec.dumps(datetime.max))  # noqa: DTZ901
