"""Address lists (RFC 5322, 3.4 and 4.4), read tolerantly and honestly.

Tolerant: everything that people send gives the mailboxes that a reader would see. Honest: where
two readers could disagree about who is meant, the mailbox is marked as uncertain, and an address
in a display name is never taken for the address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from plugdesk.plugin import Address

from plugdesk_mailbox.mime import limits
from plugdesk_mailbox.mime.clean import person_name
from plugdesk_mailbox.mime.words import decode_raw, decode_words, unfold

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ANGLE = re.compile(r'<((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>')
_UNCLOSED_ANGLE = re.compile(r"<([^<>,;]*)")
_ENCODED = re.compile(r"=\?[A-Za-z0-9][^?\s]{0,90}\?[BbQq]\?[^?]*\?=")
_ATOM = re.compile(r"""[^\s"(<,;:)>]+""")
_PARENTHESIS = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
_NEEDLESS_QUOTES = re.compile(r'"([A-Za-z0-9.!#$%&\'*+/=?^_`{|}~-]+)"(@.*)\Z')
_DOTTED_AT = re.compile(r"[^\s@<>]+@[^\s@<>]+")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox of a list, its address as written."""

    name: str
    address: str
    certain: bool = True
    """False when the text can be read in another way."""

    def canonical(self) -> Address | None:
        """Return the mailbox in canonical form, or None when its address is not a plain one."""
        try:
            return Address(self.name, self.address)
        except ValueError:
            return None


def parse_addresses(value: str, hint: str = "") -> list[Mailbox]:
    """Return the mailboxes of an address list, groups flattened. Linear; never raises.

    `value` is a field body with surrogate escapes, `hint` the charset of the message.
    """
    return _Reader(unfold(value), hint).read()


@dataclass(slots=True)
class _Draft:
    """What has been read of one mailbox."""

    words: list[tuple[str, bool]] = field(default_factory=list)
    """Words with blanks between them as written, and whether they were quoted."""
    comments: list[str] = field(default_factory=list)
    angles: list[str] = field(default_factory=list)
    certain: bool = True

    def is_empty(self) -> bool:
        return not self.angles and not any(word.strip() for word, _ in self.words)


class _Reader:
    """Reads a list from left to right; each step consumes what it has looked at."""

    def __init__(self, text: str, hint: str) -> None:
        self.text = text
        self.hint = hint
        self.at = 0
        self.quotes = True
        self.comments = True
        self.grouped = False
        self.draft = _Draft()
        self.found: list[Mailbox] = []

    def read(self) -> list[Mailbox]:
        steps = {'"': self._quoted, "(": self._comment, "<": self._angle, ",": self._end}
        steps |= {";": self._end_group, ":": self._group, ")": self._stray, ">": self._stray}
        while self.at < len(self.text) and len(self.found) < limits.MAX_ADDRESSES:
            steps.get(self.text[self.at], self._atom)()
        self._finish()
        return self.found[: limits.MAX_ADDRESSES]

    def _atom(self) -> None:
        match = _ENCODED.match(self.text, self.at) or _ATOM.match(self.text, self.at)
        if match is None:
            self.draft.words.append((" ", False))
            self.at += 1
            return
        self.draft.words.append((match.group(), False))
        self.at = match.end()

    def _quoted(self) -> None:
        match = _QUOTED.match(self.text, self.at) if self.quotes else None
        if match is None:
            # Nothing closes this one, so nothing closes a later one: no further search.
            self.quotes = False
            self._stray()
            return
        self.draft.words.append((match[1], True))
        self.at = match.end()

    def _comment(self) -> None:
        end = self._closing() if self.comments else -1
        if end < 0:
            self.comments = False
            self._stray()
            return
        comment = _ESCAPED.sub(r"\1", self.text[self.at + 1 : end])
        self.draft.comments.append(comment)
        inside = self._touches_address(end)
        self.draft.certain &= not inside
        if not inside:
            self.draft.words.append((" ", False))
        self.at = end + 1

    def _touches_address(self, end: int) -> bool:
        before = self.text[self.at - 1 : self.at]
        after = self.text[end + 1 : end + 2]
        return bool(before.strip(' ,;:<>"\t') and after.strip(' ,;:<>"\t'))

    def _closing(self) -> int:
        depth = 0
        for match in _PARENTHESIS.finditer(self.text, self.at):
            depth += {"(": 1, ")": -1}.get(match.group(), 0)
            if depth == 0:
                return match.start()
        return -1

    def _angle(self) -> None:
        match = _ANGLE.match(self.text, self.at)
        if match is None:
            match = _UNCLOSED_ANGLE.match(self.text, self.at)
            self.draft.certain = False
        if match is None:
            self._stray()
            return
        self.draft.angles.append(match[1])
        self.at = match.end()

    def _stray(self) -> None:
        self.draft.certain = False
        self.at += 1

    def _end(self) -> None:
        self._finish()
        self.at += 1

    def _end_group(self) -> None:
        self._finish()
        self.grouped = False
        self.at += 1

    def _group(self) -> None:
        self.at += 1
        if self.draft.angles or any("@" in word for word, quoted in self.draft.words if not quoted):
            self.draft.certain = False
            return
        self.draft = _Draft(certain=not self.grouped)
        self.grouped = True

    def _finish(self) -> None:
        draft, self.draft = self.draft, _Draft()
        if draft.is_empty():
            return
        if draft.angles:
            self.found.extend(_with_angles(draft, self.hint))
        else:
            self.found.extend(_without_angles(draft, self.hint))


def _with_angles(draft: _Draft, hint: str) -> list[Mailbox]:
    phrase = _phrase(draft, hint)
    address = draft.angles[-1]
    stated = address.strip().casefold()
    other = [a.strip() for a in draft.angles[:-1] if a.strip().casefold() != stated]
    certain = draft.certain and not other and not _names_another(draft, stated)
    if not stated:
        named = _DOTTED_AT.search(phrase)
        return [Mailbox("", named.group(), certain=False)] if named else []
    if "," in address or ";" in address:
        pieces = [piece for piece in re.split("[,;]", address) if piece.strip()]
        return [Mailbox(phrase, _tidy(piece), certain=False) for piece in pieces]
    if address.count('"') == 1:
        address, certain = address.replace('"', ""), False
    return [Mailbox(phrase, _tidy(address), certain and "(" not in address)]


def _names_another(draft: _Draft, address: str) -> bool:
    """Say whether an unquoted word is an address, other than the one in angle brackets."""
    for word, quoted in draft.words:
        named = word.strip("'").casefold()
        if "@" in named and not quoted and not named.startswith("=?") and named != address:
            return True
    return False


def _without_angles(draft: _Draft, hint: str) -> list[Mailbox]:
    written = "".join(f'"{word}"' if quoted else word for word, quoted in draft.words)
    words = written.split() if '"' not in written else [written.strip()]
    name = person_name(decode_words(draft.comments[-1], hint)[0]) if draft.comments else ""
    if len(words) == 1:
        return [Mailbox(name, _tidy(words[0]), draft.certain)]
    addresses = [word for word in words if "@" in word]
    if len(addresses) != 1:
        joined = "".join(words)
        spaced = "@" in joined and not draft.comments and ("@" in words or joined.count("@") == 1)
        return [Mailbox(name, _tidy(joined), certain=False)] if spaced else []
    rest = " ".join(word for word in words if word != addresses[0])
    return [Mailbox(person_name(decode_words(rest, hint)[0]), _tidy(addresses[0]), certain=False)]


def _phrase(draft: _Draft, hint: str) -> str:
    words = [(_ESCAPED.sub(r"\1", word) if quoted else word) for word, quoted in draft.words]
    text, _ = decode_words("".join(words).strip(), hint)
    return person_name(text)


def _tidy(address: str) -> str:
    """Take blanks, comments, an obsolete route and needless quotes out of an address."""
    text = _without_comments(address) if "(" in address else address
    if text.lstrip().startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    if text.lstrip()[:7].lower() == "mailto:":
        text = text.lstrip()[7:]
    text = text.strip().strip("'") if '"' in text else "".join(text.split()).strip("'")
    match = _NEEDLESS_QUOTES.match(text)
    if match:
        text = match[1] + match[2]
    return decode_raw(text)[0]


def _without_comments(text: str) -> str:
    depth = 0
    out: list[str] = []
    start = 0
    for match in _PARENTHESIS.finditer(text):
        if match.group() == "(":
            if depth == 0:
                out.append(text[start : match.start()])
            depth += 1
        elif match.group() == ")" and depth:
            depth -= 1
            start = match.end()
    out.append(text[start:] if depth == 0 else "")
    return "".join(out)
