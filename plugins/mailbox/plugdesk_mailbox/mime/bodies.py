"""Which parts a reader sees, and which are files.

A message shows all its inline texts in order. Of a `multipart/alternative` the text and the HTML
say the same; everywhere else both are shown, so that neither hides what the other says (Apple
Mail writes text, picture, HTML in one letter).
"""

from __future__ import annotations

import html as html_escapes
from dataclasses import dataclass, field

from plugdesk.plugin import N_, Attachment

from plugdesk_mailbox.mime import charsets, limits
from plugdesk_mailbox.mime.clean import body_text, file_name, one_line
from plugdesk_mailbox.mime.flowed import unflow
from plugdesk_mailbox.mime.htmltext import text_of_html
from plugdesk_mailbox.mime.names import name_for
from plugdesk_mailbox.mime.tree import Part

_SHOWN = frozenset({"text/plain", "text/html"})
_SIGNATURES = frozenset({"application/pgp-signature"})
"""Without a name they are proofs about the letter beside them, not files to a reader."""


@dataclass(slots=True)
class Segment:
    """A piece of the body: as text, as HTML, or the same as both."""

    text: str | None = None
    html: str | None = None


@dataclass(slots=True)
class Bodies:
    """What was found in the parts of a message."""

    segments: list[Segment] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def has_text(self) -> bool:
        """Whether the message brings text of its own."""
        return any(segment.text for segment in self.segments)

    def has_html(self) -> bool:
        """Whether any part of it is HTML."""
        return any(segment.html for segment in self.segments)

    def text(self) -> str:
        """Return the whole as text; HTML without a text beside it is turned into text."""
        pieces = (s.text or text_of_html(s.html or "") for s in self.segments)
        return "\n".join(piece for piece in pieces if piece)

    def html(self) -> str:
        """Return the whole as HTML, or an empty string when there is only text."""
        if not self.has_html():
            return ""
        pieces = (s.html or _as_html(s.text or "") for s in self.segments)
        return "\n".join(piece for piece in pieces if piece)


def _as_html(text: str) -> str:
    return f"<pre>{html_escapes.escape(text.strip())}</pre>" if text.strip() else ""


def read_bodies(root: Part, hint: str) -> Bodies:
    """Sort the parts below `root`. `hint` is the charset for names that do not say theirs."""
    return _Sorter(hint).sort(root)


class _Sorter:
    """Sorts parts; files and notes are collected for the whole message, texts per branch."""

    def __init__(self, hint: str) -> None:
        self._hint = hint
        self._all = Bodies()

    def sort(self, root: Part) -> Bodies:
        self._all.segments = self._read(root, first=True, parent="")
        return self._all

    def _read(self, part: Part, *, first: bool, parent: str) -> list[Segment]:
        if part.is_container:
            return self._read_multipart(part)
        stated = _stated_name(part, self._hint)
        if self._is_body(part, stated, first=first, parent=parent):
            if stated:
                self._attach(part, stated)
            return self._read_body(part)
        if stated or parent != "multipart/signed" or part.media_type not in _SIGNATURES:
            self._attach(part, stated)
        return []

    def _read_multipart(self, part: Part) -> list[Segment]:
        branches = [
            self._read(child, first=number == 0, parent=part.media_type)
            for number, child in enumerate(part.children())
        ]
        if part.media_type == "multipart/alternative":
            return _choose(branches)
        return [segment for branch in branches for segment in branch]

    def _is_body(self, part: Part, stated: str, *, first: bool, parent: str) -> bool:
        lost = part.media_type.startswith("multipart/")
        shown = part.media_type in _SHOWN and part.disposition_field.value != "attachment"
        if not shown and not lost:
            return False
        if len(part.written()) > limits.MAX_BODY:
            self._note(N_("A very long text was kept as an attachment."))
            return False
        if lost:
            return True
        if parent == "multipart/related" and not first:
            return not (part.first("content-id") or part.first("content-location"))
        return first or not stated

    def _read_body(self, part: Part) -> list[Segment]:
        data, note = part.content()
        self._note(note)
        is_html = part.media_type == "text/html"
        charset = part.type_field.token("charset")
        if is_html:
            text = self._decode(data, _html_charset(data, charset))
            return [Segment(html=text)] if text.strip() else []
        text = self._decode(data, charset)
        parameters = part.type_field
        if parameters.token("format").lower() == "flowed":
            text = unflow(text, delete_space=parameters.token("delsp").lower() == "yes")
        return [Segment(text=text)] if text.strip() else []

    def _decode(self, data: bytes, charset: str) -> str:
        text, note = charsets.decode(data, charset, self._hint)
        self._note(note)
        return body_text(text)

    def _attach(self, part: Part, stated: str) -> None:
        content, note = part.content()
        self._note(note)
        content_id = one_line(part.first("content-id")).strip("<> ")
        disposition = part.disposition_field.value
        kind = part.media_type
        self._all.attachments.append(
            Attachment(
                name=stated or name_for(kind, content, len(self._all.attachments) + 1),
                content_type=kind,
                content=content,
                content_id=content_id,
                inline=disposition == "inline" or bool(content_id and disposition != "attachment"),
            )
        )

    def _note(self, note: str) -> None:
        if note and note not in self._all.notes:
            self._all.notes.append(note)


def _stated_name(part: Part, hint: str) -> str:
    """Return the file name that a part states, made harmless, or an empty string."""
    name = file_name(part.disposition_field.text("filename", hint))
    return name or file_name(part.type_field.text("name", hint))


def _html_charset(data: bytes, charset: str) -> str:
    """Return the charset of HTML: MIME's word counts, unless it says nothing usable."""
    if charsets.codec_for(charset) not in (None, "ascii") or data.isascii():
        return charset
    return charsets.meta_charset(data) or charset


def _choose(branches: list[list[Segment]]) -> list[Segment]:
    """Choose from alternatives, each richer than the one before (RFC 2046, 5.1.4)."""
    plain = [branch for branch in branches if branch and not any(s.html for s in branch)]
    rich = [branch for branch in branches if any(s.html for s in branch)]
    if not rich:
        return plain[-1] if plain else []
    if not plain:
        return rich[-1]
    return [Segment(text=Bodies(plain[-1]).text(), html=Bodies(rich[-1]).html())]
