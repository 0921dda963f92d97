"""The line above a quotation: "On Mon, 2 Mar 2026 at 15:05, Mina <m@x.test> wrote:"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from plugdesk_mailbox.quotes.words import FORWARDED, ON, ORIGINAL, WROTE

LONGEST = 500
"""Characters; a longer line is prose."""
_MOST_LINES = 6
_MOST_NAME_WORDS = 6
_MOST_INTRODUCTION_WORDS = 8
_WORDS_TO_DATE = {"on": 5, "date": 3}

_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"']{1,64}@[^\s<>()\[\]:;,\"'@]{1,255}")
_YEAR_OR_DAY = re.compile(
    r"(?<![\d.])(?:19|20|٢٠)\d\d(?!\.?\d)|(?<![\d.])\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\.?\d)"
)
_TIME = re.compile(
    r"(?<!\d)\d{1,2}[:.h시時点]\s?\d\d(?!\d)|(?<!\d)\d{1,2}\s?(?:[ap]\.?m|uhr|시|時|点)"
)
_INVISIBLE = dict.fromkeys(
    map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
) | dict.fromkeys(map(ord, "\xa0\u202f\u2009"), " ")
_RULE = frozenset("-_=*—–─━ ")
_RULE_LENGTH = 5
_DATED_LAST = "wiadomość napisana"


def plain(line: str) -> str:
    """Return `line` casefolded, without decoration and marks of direction."""
    if not line.isascii():
        line = line.translate(_INVISIBLE)
    if "&" in line:
        line = line.replace("&lt;", "<").replace("&gt;", ">")
    return line.strip(" \t*_").casefold()


def has_address(line: str) -> bool:
    """Say whether `line`, of bounded length, holds a mail address."""
    return "@" in line and _ADDRESS.search(line) is not None


def is_rule(line: str) -> bool:
    """Say whether `line` is nothing but a line drawn across."""
    drawn = line.strip()
    return _RULE_LENGTH <= len(drawn) <= LONGEST and _RULE.issuperset(drawn)


def title(line: str) -> str:
    """Return the words between the dashes of "---- Original Message ----", or nothing."""
    line = plain(line)
    if not 2 < len(line) <= LONGEST:
        return ""
    return line.strip("-_=*~— :：") if line.startswith(("--", "—", "==")) else ""


def is_original(line: str) -> bool:
    """Say whether `line` announces a message that is quoted whole."""
    return title(line) in ORIGINAL


def is_forward(line: str) -> bool:
    """Say whether `line` announces a message that is passed on."""
    if len(line) > LONGEST or not line.rstrip(" \t*_").endswith((":", "：", "-", "—", "=")):
        return False
    words = plain(line)
    return title(line) in FORWARDED or (
        words.endswith((":", "：")) and words.strip(" :：") in FORWARDED
    )


def attribution(lines: Sequence[str], end: int, lowest: int = 0) -> tuple[int, bool] | None:
    """Return where the attribution that ends with line `end` begins, and whether it is certain.

    A certain one has the form that clients give it, with an address or a day and a time; what
    follows it is a quotation even when nothing marks it as one. It may stretch over some lines,
    of which none is before `lowest`.
    """
    if not lines[end].rstrip(" \t*_\u202c").endswith((":", "：", "--")):
        return None
    last = plain(lines[end])
    if not last.endswith((":", "：", "--")) or len(last) > LONGEST:
        return None
    found: tuple[int, bool] | None = None
    joined = below = ""
    for start in range(end, max(lowest, end - _MOST_LINES) - 1, -1):
        line = plain(lines[start])
        if not line and below.startswith("<"):
            continue
        if not line or len(line) > LONGEST or (start < end and line.endswith(("!", "?", ":"))):
            break
        joined, below = f"{line} {joined}".strip(), line
        begins = _begins(joined)
        if not begins or not _is_attribution(joined, begins):
            continue
        if found is None or begins == "on" or (begins == "date" and _YEAR_OR_DAY.search(line)):
            found = start, _is_certain(joined, begins)
        if begins != "name":
            break
    return found


def _begins(text: str) -> str:
    """Say how an attribution begins: by "on", by a date, by a name with its address, or not."""
    if text.startswith("-"):
        return "dash" if text.endswith("--") and WROTE.search(text) else ""
    words = text.split(" ", _MOST_NAME_WORDS + 1)
    if ON.match(text) and _has_digit(words[: _WORDS_TO_DATE["on"]]):
        return "on"
    if _has_digit(words[: _WORDS_TO_DATE["date"]]) and not text.startswith("<"):
        return "date"
    named = any("@" in word for word in words[: _MOST_NAME_WORDS + 1])
    return "name" if named and has_address(text) else ""


def _has_digit(words: list[str]) -> bool:
    return any(any(map(str.isdigit, word)) for word in words if "@" not in word)


def _is_attribution(text: str, begins: str) -> bool:
    dated = bool(_YEAR_OR_DAY.search(text) or _TIME.search(text))
    addressed = has_address(text)
    verb = _verb(text)
    if begins == "dash":
        return verb is not None
    if verb is None:
        return bool(_YEAR_OR_DAY.search(text)) and addressed and _ends_with_address(text)
    if begins == "name":
        return dated or _closes(text, verb)
    return (addressed and dated) or (dated and begins == "on") or _closes(text, verb)


def _verb(text: str) -> re.Match[str] | None:
    return next(reversed(list(WROTE.finditer(text))), None)


def _closes(text: str, verb: re.Match[str]) -> bool:
    return not text[verb.end() :].strip(" :：-.")


def _ends_with_address(text: str) -> bool:
    return text.rstrip(" :：").endswith(">")


def _is_certain(text: str, begins: str) -> bool:
    """Say whether `text` is no prose, such as "on 2 March I wrote to you (ann@x.test):"."""
    dated = bool(_YEAR_OR_DAY.search(text) and _TIME.search(text))
    verb = _verb(text)
    if begins == "dash" or text.startswith(_DATED_LAST):
        return True
    if verb is None or not _closes(text, verb):
        return has_address(text) and (dated if begins == "name" else _ends_with_address(text))
    return has_address(text) or dated


def is_introduction(line: str) -> bool:
    """Say whether `line` is "Ann wrote:", which counts where a quotation follows it.

    A longer line may begin with something that the sender wrote.
    """
    if not line.rstrip(" \t*_\u202c").endswith((":", "：")) or len(line) > LONGEST:
        return False
    line = plain(line)
    if line.count(" ") >= _MOST_INTRODUCTION_WORDS or any(
        end in line for end in (". ", "! ", "? ")
    ):
        return False
    verb = _verb(line)
    return verb is not None and _closes(line, verb)
