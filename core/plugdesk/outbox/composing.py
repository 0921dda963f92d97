"""A saved reply as the message that leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.contract.addresses import Address
from plugdesk.contract.messages import Attachment, OutgoingMessage
from plugdesk.tickets.models import Message, StoredAttachment
from plugdesk.tickets.saying import stored_addresses

if TYPE_CHECKING:
    from plugdesk.site import Site


def compose(site: Site, session: Session, row: Message) -> OutgoingMessage:
    """Return the message; the same row gives the same message at every attempt."""
    account = session.get_one(Account, row.account_id)
    files = session.scalars(
        select(StoredAttachment)
        .where(StoredAttachment.message_id == row.id)
        .order_by(StoredAttachment.id)
    )
    return OutgoingMessage(
        message_id=row.header_id,
        sender=Address(account.name, account.address),
        to=stored_addresses(row.to),
        cc=stored_addresses(row.cc),
        bcc=stored_addresses(row.bcc),
        subject=row.subject,
        text=row.text,
        html=row.html,
        in_reply_to=row.references[-1] if row.references else "",
        references=tuple(row.references),
        attachments=tuple(
            Attachment(
                name=file.name,
                content_type=file.content_type,
                content=site.blobs.get(file.blob_hash),
                content_id=file.content_id,
                inline=file.inline,
            )
            for file in files
        ),
        automatic=row.automatic != "no",
        created_at=row.created_at,
    )
