"""Encoded words in header fields (RFC 2047), as they are really written.

Senders split characters between words, put words into quotation marks, leave spaces and question
marks in them, and write raw bytes instead. Every pass is linear.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

from plugdesk_mailbox.mime import charsets

_BEGIN = re.compile(r"=\?([A-Za-z0-9][A-Za-z0-9._:+-]{0,60})(?:\*[A-Za-z0-9-]{0,30})?\?([BbQq])\?")
_LONGEST_WORD = 20_000
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


@dataclass(slots=True)
class _Word:
    charset: str
    base64: bool
    payload: bytes
    end: int


def unfold(value: str) -> str:
    """Return the field body as one line; folding blanks stay (RFC 5322, 2.2.3)."""
    return value.replace("\n", "").replace("\r", "") if "\n" in value or "\r" in value else value


def decode_raw(value: str, hint: str = "") -> tuple[str, str]:
    """Return the text of a field's raw bytes, and a sentence when its charset was guessed."""
    if value.isascii():
        if "\x1b" in value:
            return charsets.decode(value.encode("ascii"), "", hint)
        return value, ""
    try:
        data = value.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return value, ""
    text, note = charsets.decode(data, "", hint)
    return text, note


def decode_words(value: str, hint: str = "") -> tuple[str, tuple[str, ...]]:
    """Return the text of a field and sentences about what was wrong with it.

    `hint` is the charset of the message's body, for raw bytes. Malformed words stay as they are.
    """
    value = unfold(value)
    if "=?" not in value:
        text, note = decode_raw(value, hint)
        return text, (note,) if note else ()
    out: list[str] = []
    notes: list[str] = []
    run: list[_Word] = []
    at = 0
    for begin, word in _words(value):
        between = value[at:begin]
        if between.strip(" \t") or (between and not run):
            _flush(run, out, notes)
            _keep(decode_raw(between, hint), out, notes)
        run.append(word)
        at = word.end
    _flush(run, out, notes)
    if at < len(value):
        _keep(decode_raw(value[at:], hint), out, notes)
    return "".join(out), tuple(dict.fromkeys(notes))


def _keep(decoded: tuple[str, str], out: list[str], notes: list[str]) -> None:
    out.append(decoded[0])
    if decoded[1]:
        notes.append(decoded[1])


def _words(value: str) -> list[tuple[int, _Word]]:
    found: list[tuple[int, _Word]] = []
    at = 0
    end = -1
    while (match := _BEGIN.search(value, at)) is not None:
        start = match.end()
        if end < start:
            end = value.find("?=", start)
        if end < 0:
            break
        if end - start > _LONGEST_WORD:
            at = start
            continue
        base64 = match[2] in "Bb"
        stop = end if base64 else _end_of_q(value, start, end)
        payload = value[start:stop].encode("utf-8", "surrogateescape")
        at = stop + 2
        found.append((match.start(), _Word(match[1], base64, payload, at)))
    return found


def _end_of_q(value: str, start: int, end: int) -> int:
    """Find the true end where a question mark stands unescaped before `=XX` (not allowed, done)."""
    while re.match(r"\?=[0-9A-F]{2}[^ \t]*\?=", value[end : end + 80]) and end - start < 200:
        end = value.find("?=", end + 2)
    return end


def _flush(run: list[_Word], out: list[str], notes: list[str]) -> None:
    """Decode neighbouring words; those of one charset together, since characters get split."""
    at = 0
    while at < len(run):
        upto = at + 1
        while upto < len(run) and run[upto].charset.lower() == run[at].charset.lower():
            upto += 1
        text, note = _decode_group(run[at:upto])
        out.append(text)
        if note:
            notes.append(note)
        at = upto
    run.clear()


def _decode_group(words: list[_Word]) -> tuple[str, str]:
    pieces = _payloads(words)
    charset = words[0].charset
    codec = charsets.codec_for(charset)
    if codec and len(pieces) > 1:
        single = [charsets.decode_strictly(piece, codec) for piece in pieces]
        if None not in single:
            return "".join(text for text in single if text is not None), ""
    return charsets.decode(b"".join(pieces), charset)


def _payloads(words: list[_Word]) -> list[bytes]:
    """Decode the words; base64 that was cut between words is joined before decoding."""
    out: list[bytes] = []
    pending = bytearray()
    for word in words:
        if not word.base64:
            out.append(_decode_q(word.payload))
            continue
        pending += _NOT_BASE64.sub(b"", word.payload)
        cut = len(pending) % 4 and b"=" not in word.payload and word is not words[-1]
        if not cut:
            out.append(decode_base64(bytes(pending)))
            pending.clear()
    if pending:
        out.append(decode_base64(bytes(pending)))
    return out


def _decode_q(payload: bytes) -> bytes:
    return binascii.a2b_qp(payload.replace(b"\r", b"").replace(b"\n", b""), header=True)


def decode_base64(alphabet_only: bytes) -> bytes:
    """Decode base64 without blanks and padding; a lone last character is dropped."""
    data = alphabet_only[:-1] if len(alphabet_only) % 4 == 1 else alphabet_only
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
