"""All that can be done to tickets: the face of this slice for views, jobs and plugins."""

from plugdesk.outbox.operations import resolve_unknown, send_again
from plugdesk.tickets.changes import change
from plugdesk.tickets.moving import confirm_person, move_message
from plugdesk.tickets.notes import add_note
from plugdesk.tickets.replies import new_ticket, reply, undo_reply

__all__ = [
    "add_note",
    "change",
    "confirm_person",
    "move_message",
    "new_ticket",
    "reply",
    "resolve_unknown",
    "send_again",
    "undo_reply",
]
