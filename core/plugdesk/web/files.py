"""Attachments, served without any cookie from short-lived signed addresses.

The signature names one file and the hour in which it ends, so the address can be given to an
image or a download without a session, and cannot be made up. Every answer is a forced download
that browsers do not guess a type for; what a stranger sent never becomes a page of ours (S18).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from urllib.parse import quote

from flask import Blueprint, Response, abort, url_for
from sqlalchemy import select

from plugdesk.settings.secrets import Keys
from plugdesk.site import Site
from plugdesk.tickets.models import StoredAttachment
from plugdesk.web.current import current_site
from plugdesk.web.headers import FILE_POLICY

pages = Blueprint("files", __name__)

HOURS = 2
"""How many full hours an address lives; it stays the same within one, so that caches work."""

_PURPOSE = "attachment address"
_SIGNATURE_LENGTH = 26
_HOUR = 3600
_SHOWN_AS_THEMSELVES = frozenset(
    ["image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp"]
)
_LONGEST_NAME = 120


@pages.get("/files/<token>/<name>")
def file(token: str, name: str) -> Response:  # noqa: ARG001 - for the address bar
    """Answer with one attachment as a download."""
    site = current_site()
    attachment_id = open_token(site.keys, site.clock.now(), token)
    if attachment_id is None:
        abort(404)
    with site.db.read() as session:
        found = session.scalar(select(StoredAttachment).where(StoredAttachment.id == attachment_id))
    if found is None:
        abort(404)
    return download(site.blobs.get(found.blob_hash), found.name, found.content_type)


def download(content: bytes, name: str, content_type: str) -> Response:
    """Return bytes as a download that can do nothing else."""
    response = Response(content)
    response.headers["Content-Type"] = (
        content_type if content_type in _SHOWN_AS_THEMSELVES else "application/octet-stream"
    )
    response.headers["Content-Disposition"] = disposition(name)
    response.headers["Content-Security-Policy"] = FILE_POLICY
    response.headers["Cache-Control"] = f"private, max-age={_HOUR}"
    return response


def attachment_url(attachment_id: int, name: str) -> str:
    """Return the present address of an attachment, for an agent who may see it."""
    site: Site = current_site()
    token = make_token(site.keys, site.clock.now(), attachment_id)
    return url_for("files.file", token=token, name=safe_name(name))


def make_token(keys: Keys, now: datetime, attachment_id: int) -> str:
    """Return a token for one attachment that lasts until the end of a full hour."""
    ends = int(now.timestamp()) // _HOUR + HOURS
    signature = keys.sign(_PURPOSE, f"{attachment_id}.{ends}", length=_SIGNATURE_LENGTH)
    return f"{attachment_id}.{ends}.{signature}"


def open_token(keys: Keys, now: datetime, token: str) -> int | None:
    """Return the attachment that a token names; None when it is forged or has ended."""
    parts = re.fullmatch(r"(\d{1,18})\.(\d{1,10})\.([a-z2-7]{26})", token)
    if parts is None:
        return None
    attachment, ends, signature = parts.groups()
    if not keys.verify(_PURPOSE, f"{attachment}.{ends}", signature):
        return None
    return int(attachment) if int(now.timestamp()) // _HOUR < int(ends) else None


def safe_name(name: str) -> str:
    """Return a name that no file system and no reader can misunderstand (S20).

    Invisible and direction-changing characters, path separators and leading dots go; the form
    is NFC, as everywhere but on a Mac.
    """
    name = unicodedata.normalize("NFC", name)
    kept = "".join("_" if c in '/\\:*?"<>|' else c for c in name if _is_visible(c)).strip(" .")
    if len(kept) > _LONGEST_NAME:
        stem, dot, extension = kept.rpartition(".")
        short = dot and len(extension) <= 10
        kept = f"{stem[:100]}.{extension}" if short else kept[:_LONGEST_NAME]
    return kept or "attachment"


def disposition(name: str) -> str:
    """Return the header value that forces a download under `name` (RFC 6266, RFC 8187)."""
    name = safe_name(name)
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
