"""One short word that changes whenever a page would look different, for cheap polling."""

from __future__ import annotations

from flask import Response, make_response, request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugdesk.events.models import EventRow
from plugdesk.outbox.models import OutboxEntry
from plugdesk.tickets.models import Message, Ticket

HEADER = "HX-PTag"


def inbox_tag(session: Session) -> str:
    """Return the tag of all inbox pages: the newest event, one look at an index."""
    return f"e{session.scalar(select(func.max(EventRow.id))) or 0}"


def ticket_tag(session: Session, ticket: Ticket) -> str:
    """Return the tag of a ticket's page: its version, newest event and newest sending."""
    event = session.scalar(select(func.max(EventRow.id)).where(EventRow.ticket_id == ticket.id))
    sent = session.scalar(
        select(func.max(OutboxEntry.changed_at))
        .join(Message, Message.id == OutboxEntry.message_id)
        .where(Message.ticket_id == ticket.id)
    )
    moment = f"{sent.timestamp():.6f}" if sent else "0"
    return f"v{ticket.version}e{event or 0}s{moment}"


def is_unchanged(tag: str) -> bool:
    """Say whether the browser that polls has this state already."""
    return request.headers.get(HEADER) == tag


def unchanged(tag: str) -> Response:
    """Return the empty answer for a browser that has this state already."""
    response = make_response("", 304)
    response.headers[HEADER] = tag
    return response


def tagged(page: str, tag: str) -> Response:
    """Return a page with its tag."""
    response = make_response(page)
    response.headers[HEADER] = tag
    return response
