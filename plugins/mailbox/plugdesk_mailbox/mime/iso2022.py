"""The two escape-based charsets of East Asian mail, as mailers really write them.

Python's codecs follow the standards (RFC 1468, RFC 1557); mailers add NEC and IBM characters,
half-width katakana, and leave designations out.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\x1b(\$\(?[@BCD]|\([BJIH])")
_TO_ASCII = {b"(B", b"(J", b"(H"}
_KANJI = {b"$@", b"$B", b"$(@", b"$(B"}
_DESIGNATE_KR = b"\x1b$)C"


def decode_iso2022_jp(data: bytes) -> str:
    """Decode ISO-2022-JP with the extensions of CP50221. Raises UnicodeDecodeError."""
    try:
        return data.decode("iso2022_jp_ext")
    except UnicodeDecodeError:
        pieces = _ESCAPE.split(data)
    text = [_plain(pieces[0])]
    for mode, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        text.append(_decode_run(mode, piece))
    return "".join(text)


def _plain(run: bytes) -> str:
    return run.decode("cp932")


def _decode_run(mode: bytes, run: bytes) -> str:
    if mode in _TO_ASCII:
        return _plain(run)
    if mode == b"(I":
        return bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in run).decode("cp932")
    if mode in _KANJI:
        return _to_shift_jis(run).decode("cp932")
    if mode == b"$(D":
        pairs = b"".join(b"\x8f" + pair for pair in _pairs(run))
        return bytes(b | 0x80 if b > 0x20 else b for b in pairs).decode("euc_jp")
    return bytes(b | 0x80 if b > 0x20 else b for b in run).decode("cp949")


def _pairs(run: bytes) -> list[bytes]:
    return [run[at : at + 2] for at in range(0, len(run) - 1, 2)]


def _to_shift_jis(run: bytes) -> bytes:
    """Turn pairs of 7-bit JIS into Shift_JIS (JIS X 0208, appendix 1); line ends pass."""
    out = bytearray()
    at = 0
    while at < len(run):
        high = run[at]
        low = run[at + 1] if at + 1 < len(run) else 0
        if not (0x21 <= high <= 0x7E and 0x21 <= low <= 0x7E):
            out.append(high)
            at += 1
            continue
        lead = ((high - 0x21) >> 1) + 0x81
        out.append(lead if lead <= 0x9F else lead + 0x40)
        odd = high & 1
        out.append(low + (0x1F if low < 0x60 else 0x20) if odd else low + 0x7E)
        at += 2
    return bytes(out)


def decode_iso2022_kr(data: bytes) -> str:
    """Decode ISO-2022-KR, also without the designation that RFC 1557 asks for.

    Raises UnicodeDecodeError.
    """
    if b"\x0e" not in data:
        return data.replace(_DESIGNATE_KR, b"").decode("cp949")
    text = []
    for number, run in enumerate(re.split(rb"[\x0e\x0f]", data.replace(_DESIGNATE_KR, b""))):
        shifted = number % 2 == 1
        text.append(_shifted(run) if shifted else run.decode("cp949"))
    return "".join(text)


def _shifted(run: bytes) -> str:
    return bytes(byte | 0x80 if byte > 0x20 else byte for byte in run).decode("cp949")
