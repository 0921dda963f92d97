"""Reading FETCH answers and cursors: right for what servers send, calm about anything else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugdesk_mailbox.imap.answers import internal_date, read_answers, uid_set
from plugdesk_mailbox.imap.cursor import Cursor, Place


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "17-Jul-1996 02:44:25 -0730",
            datetime(1996, 7, 17, 2, 44, 25, tzinfo=timezone(timedelta(hours=-7, minutes=-30))),
        ),
        (
            " 1-feb-2026 00:00:60 +0900",
            datetime(2026, 2, 1, 0, 0, 59, tzinfo=timezone(timedelta(hours=9))),
        ),
        ("31-Feb-2026 00:00:00 +0000", None),
        ("01-Foo-2026 00:00:00 +0000", None),
        ("01-Jan-0000 00:00:00 +0000", None),
        ("01-Jan-2026 00:00:00 +9900", None),
        ("yesterday", None),
    ],
)
def test_internal_dates(text: str, expected: datetime | None) -> None:
    """Any locale, odd zones and leap seconds; what is no date is none."""
    assert internal_date(text) == expected


@given(st.text(max_size=50))
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    """Hostile dates give None, never an error."""
    assert internal_date(text) is None or internal_date(text) is not None


PARTS = st.lists(
    st.none()
    | st.binary(max_size=60)
    | st.tuples(st.binary(max_size=60), st.binary(max_size=60))
    | st.sampled_from(
        [b"1 (UID 5 FLAGS ())", (b"2 (UID 7 BODY[] {3}", b"abc"), b")", b" UID 9)", b"3 (UID x)"]
    )
)


@given(PARTS)
def test_any_answer_is_read_calmly(parts: list[object]) -> None:
    """Whatever imaplib hands over, the result is by UID and never an error."""
    for uid, answer in read_answers(parts).items():
        assert answer.uid == uid > 0


def test_attributes_may_follow_the_content() -> None:
    """The order of attributes is the server's choice (RFC 3501, 7.4.2)."""
    parts = [(b"1 (BODY[] {3}", b"abc"), b' INTERNALDATE "17-Jul-1996 02:44:25 +0000" UID 5)']
    (answer,) = read_answers(parts).values()
    assert (answer.uid, answer.body) == (5, b"abc")
    assert answer.received_at is not None


@given(st.sets(st.integers(1, 2**32 - 1), max_size=60))
def test_sets_name_every_uid(uids: set[int]) -> None:
    """A sequence set means exactly the UIDs it was made of."""
    text = uid_set(sorted(uids))
    named: set[int] = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition(":")
        named |= set(range(int(low), int(high or low) + 1))
    assert named == uids


PLACES = st.builds(
    Place, st.integers(1, 2**32), st.integers(0, 2**32), st.integers(1, 2**32), st.integers(0, 9)
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), PLACES, max_size=5))
def test_cursors_come_back(places: dict[str, Place]) -> None:
    """What was written is read, for any folder name."""
    assert Cursor.load(Cursor(places).dump()).places == places


@given(st.text())
def test_any_cursor_is_read_calmly(text: str) -> None:
    """What is no cursor starts over."""
    assert isinstance(Cursor.load(text), Cursor)


def test_keys_of_different_messages_differ() -> None:
    """Colons in folder names and repeated epochs make no two keys alike."""
    keys = [
        Place(5, turn=0).key("a", 6),
        Place(5, turn=1).key("a", 6),
        Place(5, turn=0).key("a:5", 6),
        Place(6, turn=0).key("a:5", 7),
    ]
    assert len(set(keys)) == len(keys)
