"""Raw items are written down first, whole, once, and with their cursor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from channels import connect
from hypothesis import given
from hypothesis import strategies as st
from mailroom import Mailroom
from plugdesk.accounts.models import Account
from plugdesk.contract.messages import RawItem
from plugdesk.intake.journal import BATCH_BYTES, BATCH_ITEMS, batches, write_down


def item(key: str, raw: bytes = b"x", **more: object) -> RawItem:
    """Return one item."""
    return RawItem(key=key, raw=raw, **more)  # type: ignore[arg-type]


def cursor(room: Mailroom, account: int) -> str | None:
    """Return the account's bookmark."""
    with room.site.db.read() as session:
        return session.get_one(Account, account).cursor


@given(count=st.integers(0, 3 * BATCH_ITEMS), breaks=st.booleans())
def test_nothing_before_an_error_is_dropped(count: int, breaks: bool) -> None:
    """Every item is in one batch, in order, and then the error comes."""

    def items() -> Iterator[RawItem]:
        yield from (item(str(number)) for number in range(count))
        if breaks:
            raise ZeroDivisionError

    found: list[str] = []
    raised = False
    try:
        for batch in batches(items()):
            assert 0 < len(batch) <= BATCH_ITEMS
            found += [one.key for one in batch]
    except ZeroDivisionError:
        raised = True

    assert found == [str(number) for number in range(count)]
    assert raised == breaks


def test_a_batch_is_bounded_in_bytes() -> None:
    """Large items do not gather in memory."""
    big = bytes(BATCH_BYTES // 2)

    assert [len(b) for b in batches(iter([item(str(n), big) for n in range(5)]))] == [2, 2, 1]


def test_what_comes_twice_is_stored_once(room: Mailroom) -> None:
    """Within a batch, in a later one, and with other bytes; another account has its own."""
    account, other = connect(room, "a@desk.test"), connect(room, "b@desk.test")

    assert write_down(room.site, account, [item("1"), item("1"), item("2")]) == 2
    assert write_down(room.site, account, [item("2", b"other"), item("3")]) == 1
    assert write_down(room.site, other, [item("1")]) == 1

    assert len(room.journal()) == 4


def test_the_cursor_moves_with_what_is_stored(room: Mailroom) -> None:
    """To the last one named; what cannot be stored moves nothing."""
    account = connect(room, "a@desk.test")
    write_down(room.site, account, [item("1", cursor="c1"), item("2")])
    assert cursor(room, account) == "c1"

    naive = item("4", cursor="c4", received_at=room.clock.now().replace(tzinfo=None))
    with pytest.raises(Exception, match="time zone"):
        write_down(room.site, account, [item("3", cursor="c3"), naive])

    assert cursor(room, account) == "c1"
    assert len(room.journal()) == 2


def test_keys_that_differ_at_their_end_stay_apart(room: Mailroom) -> None:
    """However long a folder's name is, its mails do not become one."""
    account = connect(room, "a@desk.test")
    folder = "INBOX/" + "부서/" * 200

    assert write_down(room.site, account, [item(f"{folder}:1:{n}") for n in range(3)]) == 3
    assert write_down(room.site, account, [item(f"{folder}:1:{n}") for n in range(4)]) == 1


def test_an_incomplete_item_waits_for_a_person(room: Mailroom) -> None:
    """It is in quarantine with its reason, and no message (case C6)."""
    account = connect(room, "a@desk.test")

    write_down(room.site, account, [item("1", problem="The server sent half of it.")])

    [entry] = room.journal()
    assert (entry.state, entry.reason) == ("quarantined", "The server sent half of it.")
