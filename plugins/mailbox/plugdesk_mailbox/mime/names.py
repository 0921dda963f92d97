"""Names for files that came without one."""

from __future__ import annotations

import re

from plugdesk_mailbox.mime.clean import file_name
from plugdesk_mailbox.mime.words import decode_words

_ENDINGS = {
    "application/pdf": "pdf",
    "application/pgp-signature": "asc",
    "application/pkcs7-signature": "p7s",
    "application/x-pkcs7-signature": "p7s",
    "application/zip": "zip",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/webp": "webp",
    "message/delivery-status": "txt",
    "text/calendar": "ics",
    "text/css": "css",
    "text/csv": "csv",
    "text/enriched": "txt",
    "text/html": "html",
    "text/plain": "txt",
    "text/rfc822-headers": "txt",
    "text/richtext": "txt",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
}
_LETTERS = frozenset({"message/rfc822", "message/global", "message/news"})
_SUBJECT = re.compile(
    rb"^subject:([^\r\n]*(?:\r?\n[ \t][^\r\n]*){0,20})", re.IGNORECASE | re.MULTILINE
)
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
_HEADER_WINDOW = 32 * 1024


def name_for(media_type: str, content: bytes, number: int) -> str:
    """Return a name that tells people what the file is; an attached letter has its subject."""
    if media_type in _LETTERS:
        subject = _subject(content)
        return f"{subject or f'message-{number}'}.eml"
    return f"attachment-{number}.{_ENDINGS.get(media_type, 'bin')}"


def _subject(letter: bytes) -> str:
    head = _END_OF_HEADER.split(letter[:_HEADER_WINDOW].lstrip(), maxsplit=1)[0]
    found = _SUBJECT.search(head)
    if found is None:
        return ""
    text, _ = decode_words(found[1].decode("ascii", "surrogateescape"))
    return file_name(text.replace("/", "-").replace("\\", "-"))[:100].strip()
