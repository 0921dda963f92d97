"""Bytes to text, whatever charset a message claims or forgets to claim.

Declared names are widened to what the world's mailers really write under them: EUC-KR to CP949,
GB2312 to GB18030, ISO-8859-1 to Windows-1252 (the WHATWG Encoding Standard does the same).
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from plugdesk.plugin import lazy_gettext, stored

from plugdesk_mailbox.mime.guess import guess
from plugdesk_mailbox.mime.iso2022 import decode_iso2022_jp, decode_iso2022_kr
from plugdesk_mailbox.mime.korean import decode_korean

_SUPERSETS = {
    "cp949": "ks_c_5601 ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 ks_x_1001 euc-kr euckr "
    "euc_kr cseuckr csksc56011987 korean windows-949 x-windows-949 ms949 uhc iso-ir-149 johab-uhc",
    "cp932": "shift_jis shift-jis shiftjis sjis x-sjis ms_kanji windows-31j cswindows31j "
    "csshiftjis ms932 windows-932",
    "gb18030": "gb2312 gb_2312 gb_2312-80 gb2312-80 gbk x-gbk cp936 ms936 windows-936 chinese "
    "csgb2312 iso-ir-58 euc-cn euccn gb-18030 gb18030-2000",
    "cp950": "big5 big-5 x-x-big5 csbig5 cn-big5 windows-950",
    "big5hkscs": "big5-hkscs big5_hkscs",
    "euc_jisx0213": "euc-jp eucjp x-euc-jp euc_jp cseucpkdfmtjapanese",
    "cp1252": "iso-8859-1 iso8859-1 iso_8859-1 latin1 latin-1 l1 windows-1252 ansi x-ansi cp-1252 "
    "iso-8859-1:1987 iso8859_1 8859-1 windows1252",
    "cp1254": "iso-8859-9 latin5 windows-1254",
    "cp874": "tis-620 iso-8859-11 windows-874",
    "iso8859_8": "iso-8859-8-i iso-8859-8-e logical visual",
    "iso8859_6": "iso-8859-6-i iso-8859-6-e",
    "utf_8": "utf8 utf-8 utf_8 utf-8n utf8mb4 utf-8mb4 unicode-1-1-utf-8 x-utf-8 utf",
    "utf_7": "unicode-1-1-utf-7 utf-7 x-unicode-2-0-utf-7 csunicode11utf7",
    "iso2022_jp": "iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-jp-ms "
    "iso-2022-jp-ext iso-2022-jp-2004 cp50220 cp50221 cp50222 csiso2022jp x-iso-2022-jp jis",
    "iso2022_kr": "iso-2022-kr csiso2022kr",
    "mac_roman": "macintosh x-mac-roman mac",
    "cp850": "cp-850 ibm-850",
    "ascii": "us-ascii ascii us ansi_x3.4-1968 iso646-us",
}
_ALIASES = {alias: codec for codec, names in _SUPERSETS.items() for alias in names.split()}
_REFUSED = frozenset(
    ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem")
)
_UNKNOWN = frozenset(
    ("unknown", "unknown-8bit", "x-unknown", "x-user-defined", "default", "binary", "8bit", "none")
)
_NOT_ASCII = frozenset(
    ("iso2022_jp", "iso2022_kr", "hz", "utf_7", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
)
"""Codecs in which bytes below 128 may mean something other than ASCII."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._:+-]{0,60}\Z")
_UNDEFINED_IN_1252 = re.compile("[\udc80-\udcff]")
_META = re.compile(rb"charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9._:-]{2,40})", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]+")
_META_WINDOW = 4096


@lru_cache(maxsize=512)
def codec_for(charset: str) -> str | None:
    """Return the codec that reads `charset`, or None when the name means nothing for text."""
    name = charset.strip(" \t\r\n\"'<>;,").lower().removeprefix("charset=").strip("\"'")
    if name in _ALIASES:
        return _ALIASES[name]
    if name in _UNKNOWN or not name.isascii() or not _NAME.match(name):
        return None
    try:
        found = codecs.lookup(name).name
        "".encode(found)
    except (LookupError, ValueError, OSError):
        return None
    return None if found in _REFUSED else _ALIASES.get(found, found)


def meta_charset(data: bytes) -> str:
    """Return the charset that an HTML document names near its beginning, or an empty string."""
    found = _META.search(data[:_META_WINDOW])
    return found.group(1).decode("ascii") if found else ""


def decode(data: bytes, charset: str = "", hint: str = "") -> tuple[str, str]:
    """Return the text of `data`, and a sentence when it was not what it claims to be.

    Without a usable charset, `hint` (the charset of the surroundings) is tried, then a guess made.
    Never raises; the text has no lone surrogates.
    """
    codec = codec_for(charset) if charset else None
    if data.isascii() and codec not in _NOT_ASCII and b"\x1b" not in data:
        note = "" if codec or not charset else _unknown(charset)
        return data.decode("ascii"), note
    if codec is None or codec == "ascii":
        return _undeclared(data, charset, codec, hint)
    text = decode_strictly(data, codec)
    if text is not None:
        return text, ""
    return _damaged(data, charset, codec)


def decode_strictly(data: bytes, codec: str) -> str | None:
    """Return the text of `data` when every byte of it is right in `codec`, else None."""
    try:
        text = _decode_known(data, codec)
    except (UnicodeError, ValueError, LookupError):
        return None
    # Of all codecs only UTF-7 can write lone surrogates.
    if codec == "utf_7":
        text = _SURROGATE.sub("\ufffd", text)
    return text.removeprefix("\ufeff")


def _decode_known(data: bytes, codec: str) -> str:
    if codec == "cp949":
        return decode_korean(data)
    if codec == "cp1252":
        return _decode_1252(data)
    if codec == "iso2022_jp":
        return decode_iso2022_jp(data)
    if codec == "iso2022_kr":
        return decode_iso2022_kr(data)
    if codec == "cp950":
        return _first_of(data, "cp950", "big5hkscs")
    if codec == "euc_jisx0213":
        return _first_of(data, "euc_jp", "euc_jisx0213")
    return data.decode(codec)


def _first_of(data: bytes, first: str, second: str) -> str:
    try:
        return data.decode(first)
    except UnicodeDecodeError:
        return data.decode(second)


def _decode_1252(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "surrogateescape")
        return _UNDEFINED_IN_1252.sub(lambda found: chr(ord(found.group()) - 0xDC00), text)


def _undeclared(data: bytes, charset: str, codec: str | None, hint: str) -> tuple[str, str]:
    note = "" if codec or not charset else _unknown(charset)
    hinted = codec_for(hint) if hint else None
    if hinted and hinted not in ("ascii", "cp1252"):
        text = decode_strictly(data, hinted)
        if text is not None:
            return text, note
    found, text = guess(data)
    if found == "ascii":
        return text, note
    read_as = lazy_gettext("Text without a usable charset was read as %(found)s.", found=found)
    return text, note or stored(read_as)


def _damaged(data: bytes, charset: str, codec: str) -> tuple[str, str]:
    """Read what contradicts its charset: as another when that fits, else with gaps."""
    found, other = guess(data)
    text = _SURROGATE.sub("\ufffd", data.decode(codec, "replace"))
    high = sum(byte > 0x7F for byte in data[:65536])
    gaps = text[:65536].count("\ufffd")
    cut_short = gaps == 1 and text.endswith("\ufffd")
    if (gaps * 4 > high and not cut_short) or (found == "utf-8" and codec != "utf_8"):
        note = lazy_gettext(
            "Text that claims to be %(charset)s was read as %(found)s.",
            charset=charset[:40],
            found=found,
        )
        return other, stored(note)
    note = lazy_gettext(
        "Text that claims to be %(charset)s has bytes that are not.", charset=charset[:40]
    )
    return text.removeprefix("\ufeff"), stored(note)


def _unknown(charset: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in charset[:40])
    return stored(
        lazy_gettext(
            "The charset %(name)s is unknown; the text was read as well as it could be.",
            name=repr(printable),
        )
    )
