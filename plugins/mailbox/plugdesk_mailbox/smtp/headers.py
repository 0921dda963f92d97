"""Header values that say what they are given and nothing else.

The standard library's policies decode encoded words in what they are given and fold the result,
so text that imitates an encoded word could smuggle line breaks in (CVE-2024-6923). Here every
value is neutralised, encoded and folded once, and written as it is.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from plugdesk.plugin import Address

FOLD = "\r\n "
_LINE = 76
_WORD_BYTES = 39  # 64 characters as an encoded word, which fits behind any header's name
_LONGEST_TOKEN = 200
_REFERENCES = 20
_NO_ID = re.compile(r"[^!-;=?-~]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_LONGEST_NAME = 150


def one_line(text: str) -> str:
    """Return `text` without control characters, invisible separators and lone surrogates."""
    cleaned = "".join(
        " " if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") else character
        for character in text
    )
    return cleaned.strip()


def unstructured(text: str) -> str:
    """Return the value of a header of free text, encoded (RFC 2047) and folded."""
    text = one_line(text)
    if not _is_plain(text):
        return encoded(text)
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= _LINE - 10:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    return FOLD.join(lines)


def _is_plain(text: str) -> bool:
    return (
        text.isascii()
        and "=?" not in text
        and "  " not in text
        and all(len(word) <= _LONGEST_TOKEN for word in text.split(" "))
    )


def encoded(text: str) -> str:
    """Return `text` as encoded words (RFC 2047), no character torn apart."""
    return FOLD.join(f"=?utf-8?B?{_base64(piece)}?=" for piece in _pieces(text))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _pieces(text: str) -> Iterable[str]:
    piece, size = "", 0
    for character in text:
        more = len(character.encode())
        if size + more > _WORD_BYTES:
            yield piece
            piece, size = "", 0
        piece += character
        size += more
    yield piece


def mailbox(address: Address) -> str:
    """Return one mailbox: its name as atoms, quoted or encoded, and its address."""
    name = one_line(address.name)
    spot = f"<{address.address}>"
    if not name:
        return address.address
    if not _is_plain(name) or len(name) > _LINE - 20:
        return f"{encoded(name)}{FOLD}{spot}"
    if not _ATOMS.fullmatch(name):
        name = quoted(name)
    return f"{name}{FOLD if len(name) + len(spot) > _LINE - 20 else ' '}{spot}"


def quoted(text: str) -> str:
    """Return a quoted string (RFC 5322, 3.2.4); `text` is one line of ASCII."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mailboxes(addresses: Sequence[Address]) -> str:
    """Return a list of mailboxes, one a line."""
    return ("," + FOLD).join(mailbox(address) for address in addresses)


def bare_id(message_id: str) -> str:
    """Return a Message-ID without angle brackets and without what no Message-ID may have."""
    return _NO_ID.sub("", message_id)[:900]


def reference_ids(references: Sequence[str], in_reply_to: str) -> list[str]:
    """Return the Message-IDs for References, the answered message last.

    Long threads keep their first message, which clients group by, and the latest ones. IDs that
    could not be written as they are would match nothing, and are left out.
    """
    ids = [each for each in (*references, in_reply_to) if each and bare_id(each) == each]
    ids = [each for place, each in enumerate(ids) if each not in ids[place + 1 :]]
    return ids if len(ids) <= _REFERENCES else [ids[0], *ids[-(_REFERENCES - 1) :]]


def ids(message_ids: Iterable[str]) -> str:
    """Return Message-IDs in angle brackets, one a line."""
    return FOLD.join(f"<{each}>" for each in message_ids)


def date(moment: datetime) -> str:
    """Return a Date (RFC 5322, 3.3); a naive `moment` is UTC."""
    return format_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def file_name(name: str) -> str:
    """Return a name for an attachment: composed characters, one line, no path, with its ending."""
    name = re.sub(r"[/\\]", "_", one_line(unicodedata.normalize("NFC", name)))
    name = "".join(c for c in name if unicodedata.category(c) != "Cf")
    if len(name) > _LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        ending = dot + ending if stem and len(ending) <= 10 else ""
        name = name[: _LONGEST_NAME - len(ending)] + ending
    return name or "attachment"


def type_with_name(content_type: str, name: str) -> str:
    """Return a Content-Type whose name older Outlook and web mailers read.

    Encoded words in a quoted parameter are not in RFC 2047, but every common client writes and
    reads them there; those that know RFC 2231 take the name from Content-Disposition.
    """
    value = quoted(name) if _is_plain(name) else f'"{encoded(name)}"'
    return f"{content_type};{FOLD}name={value}"


def disposition(kind: str, name: str) -> str:
    """Return a Content-Disposition with a file's name, by RFC 2231 unless it is plain."""
    if _is_plain(name) and len(name) <= _LINE - 20:
        return f"{kind};{FOLD}filename={quoted(name)}"
    pieces = _percent_pieces(name)
    if len(pieces) == 1:
        return f"{kind};{FOLD}filename*=utf-8''{pieces[0]}"
    pieces[0] = f"utf-8''{pieces[0]}"
    lines = (f"filename*{number}*={piece}" for number, piece in enumerate(pieces))
    return ";".join([kind, *(f"{FOLD}{line}" for line in lines)])


def _percent_pieces(name: str) -> list[str]:
    pieces = [""]
    for character in name:
        octets = quote(character, safe="")
        if len(pieces[-1]) + len(octets) > _LINE - 30:
            pieces.append("")
        pieces[-1] += octets
    return pieces
