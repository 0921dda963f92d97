"""Sessions that cannot write, and sessions that commit once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from mailroom import Mailroom
from plugdesk.db.database import wake
from plugdesk.people.models import Person
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, StatementError

WRITES = [
    "insert into counter (name, value) values ('x', 1)",
    "update counter set value = 1",
    "delete from counter",
    "create table x (y integer)",
]


def persons(room: Mailroom) -> int:
    """Return how many there are."""
    with room.site.db.read() as session:
        return session.scalars(select(func.count()).select_from(Person)).one()


@pytest.mark.parametrize("statement", WRITES)
def test_the_database_itself_refuses_to_write_while_reading(
    mailroom: Mailroom, statement: str
) -> None:
    """Whatever a page says to it (case S44)."""
    with mailroom.site.db.read() as session, pytest.raises(DBAPIError):
        session.execute(text(statement))


def test_objects_cannot_be_saved_while_reading(mailroom: Mailroom) -> None:
    """Not even on purpose."""
    with mailroom.site.db.read() as session:
        session.add(Person(created_at=mailroom.clock.now()))
        with pytest.raises(DBAPIError):
            session.flush()

    assert persons(mailroom) == 0


def test_a_block_that_raises_leaves_nothing(mailroom: Mailroom) -> None:
    """Also what was flushed is undone, and the next writer is not kept waiting."""

    class Trouble(Exception):
        pass

    woken: list[frozenset[str]] = []
    mailroom.site.db.on_commit = woken.append

    def write_and(error: type[BaseException]) -> None:
        with mailroom.site.db.write() as session:
            session.add(Person(created_at=mailroom.clock.now()))
            wake(session, "job")
            session.flush()
            raise error

    for error in (Trouble, KeyboardInterrupt, SystemExit):
        with pytest.raises(error):
            write_and(error)

    assert persons(mailroom) == 0
    assert woken == []
    with mailroom.site.db.write() as session:
        session.add(Person(created_at=mailroom.clock.now()))
    assert persons(mailroom) == 1


def test_jobs_are_woken_after_the_commit(mailroom: Mailroom) -> None:
    """Each once, when others can see what was written; nothing wanted, nothing woken."""
    woken: list[tuple[frozenset[str], int]] = []
    mailroom.site.db.on_commit = lambda names: woken.append((names, persons(mailroom)))

    with mailroom.site.db.write() as session:
        session.add(Person(created_at=mailroom.clock.now()))
        for name in ("a", "b", "a"):
            wake(session, name)
        session.flush()
        assert woken == []
    with mailroom.site.db.write() as session:
        session.add(Person(created_at=mailroom.clock.now()))

    assert woken == [(frozenset({"a", "b"}), 1)]


def test_a_job_may_write_when_woken(mailroom: Mailroom) -> None:
    """The turn is over by then."""

    def again(_names: frozenset[str]) -> None:
        with mailroom.site.db.write() as session:
            session.add(Person(created_at=mailroom.clock.now()))

    mailroom.site.db.on_commit = again
    with mailroom.site.db.write() as session:
        wake(session, "job")

    assert persons(mailroom) == 1


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC),
        datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=9))),
        datetime(1900, 1, 1, tzinfo=UTC),
        datetime(2099, 12, 31, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-12))),
    ],
)
def test_a_moment_comes_back_in_utc(mailroom: Mailroom, moment: datetime) -> None:
    """The same moment, to the microsecond, on both databases."""
    with mailroom.site.db.write() as session:
        session.add(Person(created_at=moment))

    with mailroom.site.db.read() as session:
        found = session.scalars(select(Person.created_at)).one()
    assert found == moment
    assert found.utcoffset() == timedelta(0)


def test_a_moment_without_a_zone_is_refused(mailroom: Mailroom) -> None:
    """Nobody could say when that was."""
    naive = mailroom.clock.now().replace(tzinfo=None)
    with pytest.raises(StatementError, match="time zone"), mailroom.site.db.write() as session:
        session.add(Person(created_at=naive))
