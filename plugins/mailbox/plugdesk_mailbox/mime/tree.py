"""The tree of parts: the standard library's parser, held to limits while it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import Policy, compat32
from functools import cached_property

from plugdesk_mailbox.mime import limits, transfer
from plugdesk_mailbox.mime.params import Parameterised, parse_parameters

_CHUNK = 256 * 1024
_MOST_RECOVERED = 4
_MEDIA_TYPE = re.compile(r"([a-z0-9!#$&^_.+-]+)/([a-z0-9!#$&^_.+'-]+)")
_FIRST_DELIMITER = re.compile(r"^--([^\s-][^\r\n]{0,200})\r?$", re.MULTILINE)
_LEADING = b" \t\r\n\xef\xbb\xbf"


class Part(Message):
    """A part of a message, as the standard library's parser builds it.

    The parser is told that `message/*` is an ordinary leaf: an attached message keeps its bytes,
    and is a letter of its own, not ours to read. Parameters are read by our own linear code,
    since the standard library's is quadratic (a Content-Type of 500 KB takes it minutes).
    """

    depth = 0
    _payload: str | list[Message | str] | None

    def attach(self, payload: Message | str) -> None:
        """Add a part below this one. Raises `ParseLimit`."""
        if isinstance(payload, Part):
            payload.depth = self.depth + 1
            limits.check_depth(payload.depth)
        super().attach(payload)

    @cached_property
    def fields(self) -> dict[str, list[str]]:
        """Header fields by lower-case name, bodies as received with surrogate escapes."""
        limits.check_fields(len(self))
        found: dict[str, list[str]] = {}
        for name, value in self.raw_items():
            found.setdefault(name.strip().lower(), []).append(value)
        return found

    def first(self, name: str) -> str:
        """Return the first field called `name` (lower case), or an empty string."""
        values = self.fields.get(name)
        return values[0] if values else ""

    @cached_property
    def type_field(self) -> Parameterised:
        """The Content-Type field."""
        return parse_parameters(self.first("content-type"))

    @cached_property
    def disposition_field(self) -> Parameterised:
        """The Content-Disposition field."""
        return parse_parameters(self.first("content-disposition"))

    @cached_property
    def media_type(self) -> str:
        """The true media type in lower case, the default where the field is unusable."""
        stated = self.type_field.value
        match = _MEDIA_TYPE.match(stated)
        if match:
            return match.group()
        if stated in ("text", "html"):
            return "text/html" if stated == "html" else "text/plain"
        if stated and self.disposition_field.value == "attachment":
            return "application/octet-stream"
        return self.get_default_type()

    @property
    def is_container(self) -> bool:
        """Whether this is a multipart whose parts were found."""
        return self.is_multipart()

    def children(self) -> list[Part]:
        """Return the parts of a multipart, in order."""
        payload = self._payload
        return [p for p in payload if isinstance(p, Part)] if isinstance(payload, list) else []

    def written(self) -> str:
        """Return the content of a leaf as ASCII with surrogate escapes.

        The public `get_payload` would already decode raw bytes, by a charset that may be wrong.
        """
        return self._payload if isinstance(self._payload, str) else ""

    def encoded(self) -> bytes:
        """Return the content of a leaf as it stands in the message."""
        return self.written().encode("ascii", "surrogateescape")

    def content(self) -> tuple[bytes, str]:
        """Return the decoded content of a leaf, and a sentence if its encoding was wrong."""
        encoding = self.first("content-transfer-encoding")
        return transfer.decode(
            self.encoded(), encoding, text=self.media_type.startswith(("text/", "multipart/"))
        )

    def get_content_type(self) -> str:
        """Tell the parser the media type, with `message/*` disguised as a leaf."""
        kind = self.media_type
        return "application/octet-stream" if kind.startswith("message/") else kind

    def get_content_maintype(self) -> str:
        """Tell the parser the main type, with `message/*` disguised as a leaf."""
        return self.get_content_type().partition("/")[0]

    def get_boundary(self, failobj: object = None) -> str | None:  # type: ignore[override]
        """Return the boundary parameter, or None."""
        return self.type_field.raw.get("boundary", "").rstrip() or self._long_boundary()

    def _long_boundary(self) -> str | None:
        return self.type_field.text("boundary").rstrip() or None


def read_tree(raw: bytes) -> Part:
    """Parse `raw` into its parts. Raises `ParseLimit` before work that would be too much."""
    limits.check_size(raw)
    count = _counter()
    root = _parse(raw.lstrip(_LEADING) if raw[:1] in _LEADING else raw, count)
    recovered = 0
    for part in walk(root):
        if recovered < _MOST_RECOVERED:
            recovered += _recover(part, count)
    limits.check_part_headers(sum(len(v) for part in walk(root) for _, v in part.raw_items()))
    return root


def walk(root: Part) -> Iterator[Part]:
    """Yield `root` and all parts below it, in order."""
    waiting = [root]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(part.children()))


def _counter() -> Callable[..., Part]:
    made = 0

    def make(policy: Policy = compat32) -> Part:
        nonlocal made
        made += 1
        limits.check_parts(made)
        return Part(policy=policy)

    return make


def _parse(data: bytes, count: Callable[..., Part]) -> Part:
    parser: BytesFeedParser[Part] = BytesFeedParser(count)
    for at in range(0, len(data), _CHUNK):
        parser.feed(data[at : at + _CHUNK])
    return parser.close()


def _recover(part: Part, count: Callable[..., Part]) -> bool:
    """Find the parts of a multipart whose boundary is missing or is not the one announced."""
    payload = part.written()
    if not part.media_type.startswith("multipart/") or part.is_container:
        return False
    match = _FIRST_DELIMITER.search(payload)
    if match is None:
        return False
    head = f'Content-Type: {part.media_type}; boundary="{match[1].rstrip()}"\n\n'
    again = _parse((head + payload[match.start() :]).encode("ascii", "surrogateescape"), count)
    if again.is_container:
        part.set_payload([])
        for child in again.children():
            part.attach(child)
    return True
