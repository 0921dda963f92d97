"""What stands in a ticket's reply and note forms, also after something went wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from plugdesk.contract.tickets import Actor
from plugdesk.desk.address_field import format_addresses
from plugdesk.desk.ticket_page import TicketPage
from plugdesk.outbox.models import OutboxEntry
from plugdesk.site import Site
from plugdesk.tickets.drafts import Upload
from plugdesk.tickets.models import StoredAttachment
from plugdesk.tickets.receipts import attachment, get_message
from plugdesk.web.current import actor
from plugdesk.web.numbers import row_id

MODES = ("reply", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file of a reply that was taken back; it goes along again unless it is unticked."""

    id: int
    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """The state of both forms."""

    mode: str
    to: str
    cc: str
    bcc: str = ""
    reply: str = ""
    note: str = ""
    kept: tuple[KeptFile, ...] = ()
    problem: str = ""
    """A sentence when what was sent could not be taken; the text is still there."""


def empty_composer(page: TicketPage) -> Composer:
    """Return the forms as they begin: to the requester, with those in copy."""
    return Composer(
        mode=_mode(request.args.get("compose", "")), to=_recipient(page), cc=_copies(page)
    )


def restored_composer(session: Session, page: TicketPage, message_id: int) -> Composer:
    """Return the forms with a reply that was taken back before it left."""
    message = get_message(session, actor(), message_id)
    state = session.scalar(select(OutboxEntry.state).where(OutboxEntry.message_id == message_id))
    if message.ticket_id != page.info.id or state != "cancelled":
        return empty_composer(page)
    files = session.scalars(
        select(StoredAttachment).where(StoredAttachment.message_id == message_id)
    )
    return Composer(
        mode="reply",
        to=format_addresses(message.to),
        cc=format_addresses(message.cc),
        bcc=format_addresses(message.bcc),
        reply=message.text,
        kept=tuple(KeptFile(id=file.id, name=file.name, size=file.size) for file in files),
    )


def refused_composer(page: TicketPage, mode: str, problem: str) -> Composer:
    """Return the forms as they were sent, with the reason why they were not taken."""
    form = request.form
    composer = replace(empty_composer(page), mode=mode, problem=problem)
    if mode == "note":
        return replace(composer, note=form.get("text", ""))
    return replace(
        composer,
        to=form.get("to", ""),
        cc=form.get("cc", ""),
        bcc=form.get("bcc", ""),
        reply=form.get("text", ""),
    )


def uploads() -> tuple[Upload, ...]:
    """Return the files that came with the form."""
    return tuple(_upload(file) for file in request.files.getlist("files") if file.filename)


def kept_uploads(site: Site, session: Session, me: Actor) -> tuple[Upload, ...]:
    """Return the files of a reply taken back that are to go along again."""
    numbers = request.form.getlist("keep", type=row_id)[:50]
    files = [attachment(session, me, number) for number in numbers]
    return tuple(
        Upload(
            name=file.name, content_type=file.content_type, content=site.blobs.get(file.blob_hash)
        )
        for file in files
    )


def _upload(file: FileStorage) -> Upload:
    return Upload(
        name=file.filename or "",
        content_type=file.mimetype or "application/octet-stream",
        content=file.stream.read(),
    )


def _mode(wanted: str) -> str:
    return wanted if wanted in MODES else "reply"


def _recipient(page: TicketPage) -> str:
    """Return where the customer wants answers; empty while nobody knows who wrote."""
    requester = page.info.requester
    if requester is None or not requester.address:
        return ""
    last = page.last_incoming
    if last and last.author and last.author.id == requester.id and last.reply_to:
        return format_addresses(last.reply_to)
    return format_addresses([{"name": requester.name, "address": requester.address}])


def _copies(page: TicketPage) -> str:
    return format_addresses(
        [
            {"name": person.name, "address": person.address}
            for person in page.copied
            if person.address
        ]
    )
