"""Rows of the log as the plain facts that plugins receive."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.contract.events import Event, FieldChange
from plugdesk.contract.tickets import Actor, ActorKind
from plugdesk.events.models import EventRow

_CHANGES = "changes"


def read(session: Session, after: int, limit: int, *, replay_until: int = 0) -> Sequence[Event]:
    """Return the events after a position, in order; those up to `replay_until` as replayed."""
    query = (
        select(EventRow).where(EventRow.position > after).order_by(EventRow.position).limit(limit)
    )
    return [
        to_event(row, replayed=(row.position or 0) <= replay_until)
        for row in session.scalars(query)
    ]


def to_event(row: EventRow, *, replayed: bool = False) -> Event:
    """Return the fact that a numbered row records.

    `data["changes"]`, a mapping of field to before and after, becomes `changes`.
    """
    if row.position is None:
        msg = f"Event {row.id} has no position yet; number it before it is handed over."
        raise ValueError(msg)
    changes = row.data.get(_CHANGES) or {}
    return Event(
        id=row.id,
        position=row.position,
        kind=row.kind,
        at=row.at,
        actor=Actor(
            kind=ActorKind(row.actor_kind),
            person_id=row.actor_person_id,
            plugin=row.actor_plugin,
        ),
        ticket_id=row.ticket_id,
        message_id=row.message_id,
        note_id=row.note_id,
        changes={
            field: FieldChange(before=before, after=after)
            for field, (before, after) in changes.items()
        },
        data={key: value for key, value in row.data.items() if key != _CHANGES},
        replayed=replayed,
    )
