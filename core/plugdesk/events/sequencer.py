"""Giving events their positions.

An id is taken when a row is written, so a transaction that commits late would slip an event in
behind a reader. A position is given after the commit instead, by one lock holder at a time:
positions have no gaps, and nothing ever arrives before one that was already given.
"""

from __future__ import annotations

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from plugdesk.events.models import EventRow

#: A number of our own choosing; the holder of this advisory lock gives positions.
_LOCK = 7_221_945_102
_AT_ONCE = 2000


def number(session: Session) -> int:
    """Give positions to committed events that have none, in the order of their ids.

    Returns how many got one; call it again in a new transaction until that is 0. Within a
    ticket, ids grow in the order of the commits, since operations lock the ticket's row first;
    so positions do too.
    """
    if session.get_bind().dialect.name == "postgresql":
        # SQLite has one writing transaction at a time anyway. On PostgreSQL each statement
        # after this one sees what the lock's previous holder committed (READ COMMITTED).
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    row_number = func.row_number().over(order_by=EventRow.id)
    waiting = (
        select(EventRow.id, row_number.label("place"))
        .where(EventRow.position.is_(None))
        .order_by(EventRow.id)
        .limit(_AT_ONCE)
        .subquery()
    )
    result = session.execute(
        update(EventRow)
        .where(EventRow.id == waiting.c.id)
        .values(position=last_position(session) + waiting.c.place),
        execution_options={"synchronize_session": False},
    )
    return int(result.rowcount)  # type: ignore[attr-defined] # an UPDATE gives a cursor's result


def last_position(session: Session) -> int:
    """Return the highest position given so far, 0 before the first."""
    return session.scalar(select(func.max(EventRow.position))) or 0
