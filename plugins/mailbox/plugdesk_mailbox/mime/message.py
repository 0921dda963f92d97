"""From bytes to an `IncomingMessage`."""

from __future__ import annotations

from plugdesk.plugin import N_, IncomingMessage

from plugdesk_mailbox.mime.automatic import automatic
from plugdesk_mailbox.mime.bodies import read_bodies
from plugdesk_mailbox.mime.clean import one_line
from plugdesk_mailbox.mime.dates import parse_date
from plugdesk_mailbox.mime.identity import (
    addresses,
    author,
    checked_by_sender_field,
    delivered_to,
)
from plugdesk_mailbox.mime.ids import message_id, message_ids, thread_index
from plugdesk_mailbox.mime.reports import read_reports
from plugdesk_mailbox.mime.tree import Part, read_tree, walk
from plugdesk_mailbox.mime.words import decode_words


def parse(raw: bytes) -> IncomingMessage:
    """Understand one mail (RFC 5322, MIME), however badly written.

    The same bytes give the same message; time and memory grow linearly with them. Raises
    `ParseLimit`, and nothing else, when the message exceeds one of `limits`.
    """
    root = read_tree(raw)
    hint = body_charset(root)
    bodies = read_bodies(root, hint)
    identity = checked_by_sender_field(author(root, hint), root)
    subject, subject_notes = decode_words(root.first("subject"), hint)
    subject = one_line(subject)
    text = bodies.text()
    bounce = read_reports(root, subject, text)
    notes = (*_structure_notes(root), *identity.notes, *subject_notes, *bodies.notes)
    return IncomingMessage(
        sender=identity.sender,
        sender_certain=identity.certain,
        reply_to=addresses(root, "reply-to", hint),
        to=addresses(root, "to", hint),
        cc=addresses(root, "cc", hint),
        delivered_to=delivered_to(root),
        subject=subject,
        text=text,
        html=bodies.html(),
        message_id=message_id(root.first("message-id")),
        in_reply_to=message_ids(root.fields.get("in-reply-to", ())),
        references=message_ids(root.fields.get("references", ())),
        thread_index=thread_index(root.first("thread-index")),
        sent_at=parse_date(root.first("date")),
        attachments=tuple(bodies.attachments),
        automatic=automatic(root, subject, bounce=bounce.found),
        reports=bounce.reports,
        defects=tuple(dict.fromkeys(notes)),
    )


def body_charset(root: Part) -> str:
    """Return the charset of the first text that names one: its sender's likely charset."""
    for part in walk(root):
        if part.media_type.startswith("text/") and "charset" in part.type_field.raw:
            return part.type_field.token("charset")
    return ""


_STRUCTURE = {
    "NoBoundaryInMultipartDefect": N_("The boundary between the parts is not announced."),
    "StartBoundaryNotFoundDefect": N_("The announced boundary between the parts does not occur."),
    "CloseBoundaryNotFoundDefect": N_("The message ends before its last part does."),
    "MissingHeaderBodySeparatorDefect": N_("The header ends with a line that is no header field."),
    "FirstHeaderLineIsContinuationDefect": N_("The header begins with a continued line."),
    "MisplacedEnvelopeHeaderDefect": N_("An envelope line stands within the header."),
}


def _structure_notes(root: Part) -> list[str]:
    names = (type(defect).__name__ for part in walk(root) for defect in part.defects)
    return [_STRUCTURE[name] for name in names if name in _STRUCTURE]
