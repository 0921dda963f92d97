"""Content-Transfer-Encoding (RFC 2045, 6), also where the encoding is wrong or damaged."""

from __future__ import annotations

import binascii
import re

from plugdesk.plugin import N_, lazy_gettext, stored

from plugdesk_mailbox.mime.words import decode_base64

_BASE64_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64_ALPHABET)
_BLANKS = b" \t\r\n"
_IDENTITY = frozenset(
    {"", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "text", "8bits", "7bits"}
)
_SOFT_BREAK = re.compile(rb"=[ \t]+(\r?\n|\Z)")
_HEX_ESCAPE = re.compile(rb"=(?:[0-9A-Fa-f]{2}|\r?\n)")


def decode(data: bytes, encoding: str, *, text: bool = False) -> tuple[bytes, str]:
    """Return the decoded bytes, and a sentence when the encoding was wrong.

    `text` says that the content should be text, which tells mislabelled content apart.
    """
    encoding = encoding.strip(" \t\r\n\"';").lower()
    if encoding in _IDENTITY:
        return data, ""
    if encoding == "base64":
        return _base64(data, text=text)
    if encoding in ("quoted-printable", "quotedprintable", "qp"):
        return _quoted_printable(data)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uuencoded(data)
    printable = "".join(c if c.isprintable() else "?" for c in encoding[:40])
    note = lazy_gettext(
        "The transfer encoding %(name)s is unknown; the content was kept as it is.",
        name=repr(printable),
    )
    return data, stored(note)


def _base64(data: bytes, *, text: bool) -> tuple[bytes, str]:
    stray = data.translate(None, _BASE64_ALPHABET + b"=" + _BLANKS)
    if text and _is_plainly_text(data, stray):
        return data, N_("Content that claims to be base64 is not; it was kept as it is.")
    padding = data.find(b"=")
    if padding >= 0 and data[padding:].strip(b"=" + _BLANKS):
        return _base64_blocks(data), N_("Base64 content goes on after its end.")
    pure = data.translate(None, _NOT_BASE64)
    decoded = decode_base64(pure)
    damaged = bool(stray) or len(pure) % 4 == 1
    return decoded, N_("Base64 content is damaged.") if damaged else ""


def _is_plainly_text(data: bytes, stray: bytes) -> bool:
    body = data.strip()
    return len(stray) * 20 > len(body) or body.count(b" ") * 20 > len(body) > 0


def _base64_blocks(data: bytes) -> bytes:
    """Decode several padded blocks; what follows a padding and is no base64 is left out."""
    out = bytearray()
    for number, block in enumerate(re.split(rb"=+", data)):
        pure = block.translate(None, _BLANKS)
        clean = not pure.translate(None, _BASE64_ALPHABET)
        if number and not clean:
            break
        out += decode_base64(pure.translate(None, _NOT_BASE64))
    return bytes(out)


def _quoted_printable(data: bytes) -> tuple[bytes, str]:
    if b"= " in data or b"=\t" in data:
        data = _SOFT_BREAK.sub(rb"=\1", data)
    decoded = binascii.a2b_qp(data)
    wrong = data.count(b"=") > len(_HEX_ESCAPE.findall(data)) + (1 if data.endswith(b"=") else 0)
    return decoded, N_("Quoted-printable content is damaged.") if wrong else ""


def _uuencoded(data: bytes) -> tuple[bytes, str]:
    lines = data.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith(b"begin ")), -1)
    out, complete = uu_lines(lines[start + 1 :])
    return out, "" if complete else N_("Uuencoded content is damaged.")


def uu_lines(lines: list[bytes]) -> tuple[bytes, bool]:
    """Decode uuencoded lines up to `end`; say whether all of them were right and the end came."""
    out = bytearray()
    right = True
    for line in lines:
        if line.strip() == b"end":
            return bytes(out), right
        if not line.strip():
            continue
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            # Some encoders pad lines with what they had in memory: read what the length says.
            size = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out += binascii.a2b_uu(line[:size])
            except binascii.Error:
                right = False
    return bytes(out), False
