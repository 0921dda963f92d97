"""Text from headers, made harmless: one line, nothing invisible that reorders or hides."""

from __future__ import annotations

import re
import unicodedata

from plugdesk_mailbox.mime.limits import MAX_NAME, MAX_SUBJECT

_BREAKS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_LONGEST_PATH = 20_000


def one_line(text: str, longest: int = MAX_SUBJECT) -> str:
    """Return `text` as one line without control, line-ending and reordering characters."""
    if not (text.isascii() and text.isprintable() and "  " not in text):
        text = _REORDERING.sub("", _SURROGATES.sub("\ufffd", text))
        text = _BREAKS.sub(" ", text)
    return text.strip()[:longest]


def person_name(text: str) -> str:
    """Return a display name as one line, in NFC, without quotation marks around it."""
    name = unicodedata.normalize("NFC", one_line(text, MAX_NAME))
    while len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return name


def file_name(text: str) -> str:
    """Return a file name for people: no path, nothing invisible, in NFC, its ending kept.

    May be empty. Never a name for a disk: storage names are made by the desk.
    """
    if not text:
        return ""
    name = unicodedata.normalize("NFC", one_line(text, _LONGEST_PATH))
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cf", "Cc", "Co", "Cn"))
    name = name.strip().rstrip("/\\").replace("\\", "/").rpartition("/")[2].strip()
    if name.strip(".") == "":
        return ""
    if len(name) > MAX_NAME:
        stem, dot, ending = name.rpartition(".")
        short = len(ending) <= 10 and bool(dot)
        name = f"{stem[: MAX_NAME - 1 - len(ending)]}.{ending}" if short else name[:MAX_NAME]
    return name


def body_text(text: str) -> str:
    """Return `text` with `\\n` line ends, without NUL, which no database stores."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\x00", "") if "\x00" in text else text
