"""Notes: what agents say to each other on a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor
from plugdesk.errors import Refused
from plugdesk.events.operations import record
from plugdesk.i18n import gettext
from plugdesk.tickets.access import lock_ticket
from plugdesk.tickets.drafts import NoteDraft
from plugdesk.tickets.models import Note
from plugdesk.tickets.saying import checked_text, moment_on, said, store_uploads

if TYPE_CHECKING:
    from plugdesk.site import Site


def add_note(site: Site, session: Session, actor: Actor, ticket_id: int, draft: NoteDraft) -> Note:
    """Leave a note. The same form sent twice leaves one.

    Raises NotFound, NotAllowed, or Refused for an empty text.
    """
    text = checked_text(draft.text)
    ticket = lock_ticket(session, actor, ticket_id)
    existing = _sent_before(session, draft.client_key)
    if existing is not None and existing.ticket_id != ticket_id:
        raise Refused(gettext("This form was sent before. Load the page again."))
    if existing is not None:
        return existing
    files = store_uploads(site.blobs, draft.files)
    now = moment_on(ticket, site.clock.now())
    note = Note(
        ticket_id=ticket.id,
        person_id=actor.person_id,
        author_plugin=actor.plugin,
        text=text,
        created_at=now,
        client_key=draft.client_key or None,
    )
    session.add(note)
    session.flush()
    for file in files:
        file.note_id = note.id
        session.add(file)
    said(ticket, now)
    record(session, "note_added", actor, now, ticket_id=ticket.id, note_id=note.id)
    return note


def _sent_before(session: Session, client_key: str) -> Note | None:
    if not client_key:
        return None
    return session.scalar(select(Note).where(Note.client_key == client_key))
