"""Content-Type and Content-Disposition: a value and its parameters (RFC 2045, RFC 2231)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from plugdesk_mailbox.mime import charsets
from plugdesk_mailbox.mime.words import decode_words, unfold

_PARAMETER = re.compile(r"""([^\s=;"]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;]*))""", re.DOTALL)
_SEPARATORS = re.compile(r"[;\s]*")
_NEXT = re.compile(r"[^;]*;|[^;]+\Z")
_ESCAPED = re.compile(r'\\(["\\])')
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?\Z")
_MOST = 200


@dataclass(frozen=True, slots=True)
class Parameterised:
    """A field such as `text/plain; charset=utf-8`: its first value and its parameters."""

    value: str = ""
    """In lower case."""
    raw: dict[str, str] = field(default_factory=dict)
    """Parameters as written, names in lower case, the first of equals; not yet RFC 2231."""

    def token(self, name: str) -> str:
        """Return a parameter that has no blanks and no comments in it, or an empty string."""
        words = self.text(name).split("(")[0].split() if self.raw else []
        return words[0] if words else ""

    def text(self, name: str, hint: str = "") -> str:
        """Return a parameter's text: by RFC 2231, or as written with RFC 2047 in it.

        Where both stand, the plain one is only what ASCII could say, unless it has encoded words.
        """
        sections = self._sections(name)
        plain = self.raw.get(name, "")
        if sections and "=?" not in plain:
            return _join(sections, hint)
        return decode_words(plain, hint)[0]

    def _sections(self, name: str) -> list[tuple[int, bool, str]]:
        if len(self.raw) == 1 and name in self.raw:
            return []
        sections = []
        for key, value in self.raw.items():
            if not key.startswith(name) or "*" not in key:
                continue
            match = _SECTION.match(key)
            if match and match[1] == name:
                sections.append((int(match[2] or 0), bool(match[3]), value))
        return sorted(sections, key=lambda section: section[0])


def parse_parameters(value: str) -> Parameterised:
    """Understand a field with parameters; what makes no sense is left out. Linear."""
    value = unfold(value)
    first, semicolon, rest = value.partition(";")
    if "=" in first and "/" not in first.split("=")[0]:
        first, rest = "", value
    head = first.strip().split("(")[0].strip().strip("\"'").lower()
    return Parameterised(head, _parameters(rest) if semicolon or rest else {})


def _parameters(rest: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(rest) and len(found) < _MOST:
        separators = _SEPARATORS.match(rest, at)
        at = separators.end() if separators else at
        match = _PARAMETER.match(rest, at)
        if match is None:
            skip = _NEXT.match(rest, at)
            if skip is None:
                break
            at = skip.end()
            continue
        quoted, bare = match[2], match[3]
        text = _ESCAPED.sub(r"\1", quoted) if quoted is not None else bare.strip().strip('"')
        found.setdefault(match[1].lower(), text)
        at = match.end()
    return found


def _join(sections: list[tuple[int, bool, str]], hint: str) -> str:
    """Put the sections of RFC 2231 together; the first names the charset of all."""
    charset = ""
    data = b""
    for number, (_, encoded, value) in enumerate(sections):
        text = value
        if encoded and number == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        if encoded:
            data += unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
        else:
            data += text.encode("utf-8", "surrogateescape")
    if not charset and (b"=?" in data or not any(encoded for _, encoded, _ in sections)):
        return decode_words(data.decode("ascii", "surrogateescape"), hint)[0]
    return charsets.decode(data, charset, hint)[0]
