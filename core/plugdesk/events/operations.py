"""Recording facts. Called inside the transaction that makes them true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor
from plugdesk.db.database import wake
from plugdesk.events.models import EventRow

#: The job that gives positions and delivers.
DELIVER = "events.deliver"


def record(
    session: Session,
    kind: str,
    actor: Actor,
    at: datetime,
    *,
    ticket_id: int | None = None,
    message_id: int | None = None,
    note_id: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Record one fact.

    Events of one ticket keep their order because every operation locks the ticket's row before
    it records anything about it.
    """
    session.add(
        EventRow(
            kind=kind,
            ticket_id=ticket_id,
            message_id=message_id,
            note_id=note_id,
            actor_kind=actor.kind.value,
            actor_person_id=actor.person_id,
            actor_plugin=actor.plugin,
            at=at,
            data=dict(data or {}),
        )
    )
    wake(session, DELIVER)
