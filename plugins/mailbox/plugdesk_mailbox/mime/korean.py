"""CP949 with the composed syllables of KS X 1001.

EUC-KR has 2,350 syllables; the standard (KS X 1001, annex 3) writes others as a filler and three
letters, and some encoders do (Python's among them). CP949, the superset that we read EUC-KR as,
has codes for all syllables and leaves such sequences apart.
"""

from __future__ import annotations

import re

_FILLER = "\u3164"
_LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_TAILS = _FILLER + "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_COMPOSED = re.compile(f"{_FILLER}([{_LEADS}])([{_VOWELS}])([{_TAILS}])")


def decode_korean(data: bytes) -> str:
    """Decode CP949, composing syllables that are written letter by letter.

    Raises UnicodeDecodeError.
    """
    text = data.decode("cp949")
    return _COMPOSED.sub(_syllable, text) if _FILLER in text else text


def _syllable(found: re.Match[str]) -> str:
    lead, vowel, tail = found.groups()
    index = (_LEADS.index(lead) * 21 + _VOWELS.index(vowel)) * 28 + _TAILS.index(tail)
    return chr(0xAC00 + index)
