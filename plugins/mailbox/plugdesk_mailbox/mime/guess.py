"""Which charset undeclared bytes most likely are: deterministic, bounded, good at short texts.

General detectors weigh long texts by statistics; mail forgets the charset in a subject of five
syllables or a file name. There the structure of the bytes says more: Hangul of KS X 1001 has lead
bytes B0-C8, common Chinese characters spread over B0-F7, kana have rows of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_SAMPLE = 4096
_HIGH = re.compile(rb"[\x80-\xff]")
_LATIN_RUN = re.compile(rb"[\x80-\xff]+")
_ESCAPED = (
    (b"\x1b$)C", "iso2022_kr"),
    (b"\x1b$", "iso2022_jp"),
    (b"\x1b(", "iso2022_jp"),
)
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def guess(data: bytes) -> tuple[str, str]:
    """Return the likely charset of `data` and its text. Never raises."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return codec, _replacing(data, codec)
    for escape, codec in _ESCAPED:
        if escape in data[:_SAMPLE]:
            text = _try(data, codec if codec != "iso2022_jp" else "iso2022_jp_ext")
            if text is not None:
                return codec, text
    if not _HIGH.search(data):
        return "ascii", data.decode("ascii")
    text = _try(data, "utf-8")
    if text is not None:
        return "utf-8", text
    return _best(data)


def _best(data: bytes) -> tuple[str, str]:
    sample = _sample(data)
    if _is_damaged_utf8(sample):
        return "utf-8", _replacing(data, "utf-8")
    ranked = sorted(_SCORES, key=lambda codec: -_score(sample, codec))
    for codec in ranked:
        text = _try(data, codec)
        if text is not None:
            return codec, text
    return "latin-1", data.decode("latin-1")


def _sample(data: bytes) -> bytes:
    """Take a bounded piece that starts with the first byte above ASCII."""
    first = _HIGH.search(data)
    start = max(0, first.start() - 64) if first else 0
    return data[start : start + _SAMPLE]


def _is_damaged_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "replace")
    good = sum(ord(character) > 0x7F and character != "\ufffd" for character in text)
    return good > 2 and text.count("\ufffd") * 8 < good


def _try(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _replacing(data: bytes, codec: str) -> str:
    return data.decode(codec, "replace")


def _score(sample: bytes, codec: str) -> float:
    text = sample.decode(codec, "ignore")
    lost = len(sample) - len(text.encode(codec, "ignore"))
    foreign = [character for character in text if ord(character) > 0x7F]
    if not foreign:
        return -1.0
    weigh = _SCORES[codec]
    value = sum(map(weigh, foreign)) / len(foreign)
    if codec in _SINGLE_BYTE:
        value -= _crowding(sample) if codec == "cp1252" else 0.0
    return value - 2.0 * lost / len(sample)


def _crowding(sample: bytes) -> float:
    """Western words have single letters above ASCII; long runs of them are something else."""
    runs = _LATIN_RUN.findall(sample)
    crowded = sum(len(run) for run in runs if len(run) > 2)
    return 0.7 * crowded / max(1, sum(map(len, runs)))


def _korean(character: str) -> float:
    if "가" <= character <= "힣":
        lead = character.encode("cp949")
        return 1.0 if lead[0] >= 0xB0 and lead[1] >= 0xA1 else 0.25
    if "\u4e00" <= character <= "\u9fff":
        return 0.15
    return 0.4 if character in "…·“”‘’「」『』ㄱㅋㅎㅜㅠ" else 0.1


def _japanese(character: str) -> float:
    if "\u3040" <= character <= "\u30ff":
        return 1.0
    if "\uff61" <= character <= "\uff9f":
        return 0.05
    if "\u4e00" <= character <= "\u9fff":
        return 0.62 if _jis_level_one(character) else 0.1
    return 0.6 if character in "、。「」・ー（）！？" else 0.15


def _jis_level_one(character: str) -> bool:
    try:
        code = character.encode("euc_jp")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and 0xB0 <= code[0] <= 0xCF


def _chinese(character: str) -> float:
    if "\u4e00" <= character <= "\u9fff":
        code = character.encode("gb18030")
        return 0.75 if len(code) == 2 and 0xB0 <= code[0] <= 0xD7 and code[1] >= 0xA1 else 0.1
    return 0.6 if character in "，。！？：；、（）“”" else 0.05


def _traditional(character: str) -> float:
    if "\u4e00" <= character <= "\u9fff":
        code = character.encode("cp950", "ignore")
        return 0.7 if code and 0xA4 <= code[0] <= 0xC6 else 0.1
    return 0.5 if character in "，。！？：；、（）「」" else 0.05


def _western(character: str) -> float:
    if character in "äöüÄÖÜßéèêëàâçñíóúáîôûœæøåÅÆØÉÈÀÇÑ":
        return 0.85
    return 0.6 if character in "’‘“”–—…€£§°«»\xa0·•®©" else 0.35


def _cyrillic(character: str) -> float:
    return 0.72 if "а" <= character <= "я" else 0.5 if "А" <= character <= "Я" else 0.05


_SCORES: dict[str, Callable[[str], float]] = {
    "cp949": _korean,
    "cp932": _japanese,
    "euc_jp": _japanese,
    "gb18030": _chinese,
    "cp950": _traditional,
    "cp1252": _western,
    "cp1251": _cyrillic,
    "koi8_r": _cyrillic,
}
_SINGLE_BYTE = frozenset({"cp1252", "cp1251", "koi8_r"})
