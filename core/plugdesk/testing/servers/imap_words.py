"""IMAP as imaplib leaves it to its users: names of folders, answers, UIDs (RFC 3501, 4315)."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from plugdesk.testing.servers.processes import ServerError


class StoredMessage(NamedTuple):
    """One message as the server holds it."""

    uid: int
    flags: frozenset[str]
    raw: bytes


def ok(answer: tuple[str, Sequence[object]]) -> list[Any]:
    """Return an answer's data, or raise when the server refused."""
    status, data = answer
    if status != "OK":
        message = f"Dovecot refused: {data!r}"
        raise ServerError(message)
    return list(data)


def match(pattern: bytes, text: object) -> re.Match[bytes]:
    """Find a pattern in one piece of an answer, or raise."""
    found = re.search(pattern, text) if isinstance(text, bytes) else None
    if found is None:
        message = f"Dovecot answered unexpectedly: {text!r}"
        raise ServerError(message)
    return found


def quoted(folder: str) -> str:
    """Return a folder's name as IMAP writes it (RFC 3501, section 5.1.3: modified UTF-7)."""
    encoded = re.sub(r"[^\x20-\x7e]+|&", lambda found: _shifted(found[0]), folder)
    return '"' + encoded.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shifted(text: str) -> str:
    if text == "&":
        return "&-"
    shifted = text.encode("utf-7").decode().removeprefix("+").removesuffix("-")
    return "&" + shifted.replace("/", ",") + "-"


def folder_name(line: bytes) -> str:
    """Return the folder that a line of LIST names."""
    name = match(rb'(?:"((?:[^"\\]|\\.)*)"|(\S+))$', line)
    text = re.sub(r"\\(.)", r"\1", (name[1] or name[2]).decode())
    return re.sub(r"&([^-]*)-", lambda found: _unshifted(found[1]), text)


def _unshifted(text: str) -> str:
    return ("+" + text.replace(",", "/") + "-").encode().decode("utf-7") if text else "&"


def ensure_folder(client: imaplib.IMAP4, folder: str) -> None:
    """Create a folder unless it is there."""
    if folder.upper() != "INBOX" and client.status(quoted(folder), "(UIDNEXT)")[0] != "OK":
        ok(client.create(quoted(folder)))


def select(client: imaplib.IMAP4, folder: str, *, readonly: bool = False) -> None:
    """Open a folder."""
    ok(client.select(quoted(folder), readonly=readonly))


def append(client: imaplib.IMAP4, folder: str, flags: str, raw: bytes) -> int:
    """Append a message and return its UID (RFC 4315, section 3)."""
    answer = ok(client.append(quoted(folder), flags, "", raw))
    return int(match(rb"APPENDUID \d+ (\d+)", answer[0])[1])


def uid_set(uids: Sequence[int]) -> str:
    """Write UIDs as a set."""
    return ",".join(map(str, uids))


def stored(part: tuple[bytes, bytes]) -> StoredMessage:
    """Read one answer to FETCH (UID FLAGS BODY.PEEK[])."""
    head, raw = part
    flags = match(rb"FLAGS \(([^)]*)\)", head)[1].decode().split()
    return StoredMessage(int(match(rb"UID (\d+)", head)[1]), frozenset(flags), raw)
