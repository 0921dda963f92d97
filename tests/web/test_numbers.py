"""Numbers that no row has are nobody's: not found or not given, never an error of the desk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugdesk.web.numbers import LARGEST, row_id


@given(st.integers(min_value=0, max_value=LARGEST))
def test_reads_every_number_that_a_row_can_have(number: int) -> None:
    """All of PostgreSQL's positive integers are read."""
    assert row_id(str(number)) == number


@given(st.one_of(st.integers(min_value=LARGEST + 1).map(str), st.text(alphabet="-+ ١²x_.")))
def test_refuses_everything_else(text: str) -> None:
    """Too large, signed, spaced, foreign digits and words are no numbers."""
    with pytest.raises(ValueError, match="number"):
        row_id(text)
