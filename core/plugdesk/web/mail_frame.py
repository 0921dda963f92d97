"""A mail's own HTML, in a frame of its own: no script, nothing loaded without consent.

The route answers with a document whose policy sandboxes it even when somebody manages to open it
as a page. `srcdoc` would not do: such a frame inherits our policy and loses the mail's styles.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup
from sqlalchemy import select

from plugdesk.tickets.models import StoredAttachment
from plugdesk.tickets.receipts import get_message
from plugdesk.web.current import actor, current_site, desk_page
from plugdesk.web.files import attachment_url
from plugdesk.web.headers import frame_policy

pages = Blueprint("mail_frame", __name__)

_CID = re.compile(r'(<img\b[^>]*?\ssrc=")cid:([^"]*)(")', re.IGNORECASE)
_REMOTE_IMAGE = re.compile(r'<img\b[^>]*?\ssrc="https?:', re.IGNORECASE)


@pages.get("/desk/messages/<int:message_id>/html")
@desk_page
def document(message_id: int) -> Response:
    """Answer with the sanitised HTML of a message; refuses to be opened as a page.

    Browsers name what they fetch for (Sec-Fetch-Dest) on safe origins only, so a missing name
    is let through: the policy alone makes the document harmless.
    """
    if request.headers.get("Sec-Fetch-Dest", "iframe") != "iframe":
        abort(403)
    with current_site().db.read() as session:
        message = get_message(session, actor(), message_id)
        files = session.scalars(
            select(StoredAttachment).where(StoredAttachment.message_id == message.id)
        ).all()
    body = Markup(with_inline_images(message.html, files))  # noqa: S704 - sanitised at intake
    consent = request.args.get("images") == "1"
    response = Response(render_template("desk/mail_frame.html", body=body, subject=message.subject))
    response.headers["Content-Security-Policy"] = frame_policy(remote_images=consent)
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def with_inline_images(body: str, files: Sequence[StoredAttachment]) -> str:
    """Point the images that came with a message (RFC 2392) at their files."""
    addresses = {
        file.content_id.strip("<>"): attachment_url(file.id, file.name)
        for file in files
        if file.content_id
    }

    def point(match: re.Match[str]) -> str:
        address = addresses.get(html.unescape(match[2]).strip("<>"))
        return f"{match[1]}{html.escape(address)}{match[3]}" if address else match[0]

    return _CID.sub(point, body)


def has_remote_images(body: str) -> bool:
    """Say whether sanitised HTML wants to fetch images from elsewhere."""
    return _REMOTE_IMAGE.search(body) is not None
