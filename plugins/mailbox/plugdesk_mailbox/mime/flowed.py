"""Paragraphs of `format=flowed` text put together again (RFC 3676)."""

from __future__ import annotations

_SIGNATURE = "-- "


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join the flowed lines of `text`, keeping quotation depth; `delete_space` is DelSp=yes."""
    out: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        quoted, content = _split(line)
        if paragraph and (quoted != depth or content == _SIGNATURE):
            out.append(_quote(depth, "".join(paragraph)))
            paragraph = []
        depth = quoted
        flows = content.endswith(" ") and content != _SIGNATURE
        paragraph.append(content[:-1] if flows and delete_space else content)
        if not flows:
            out.append(_quote(depth, "".join(paragraph)))
            paragraph = []
    if paragraph:
        out.append(_quote(depth, "".join(paragraph)))
    return "\n".join(out)


def _split(line: str) -> tuple[int, str]:
    content = line.lstrip(">")
    depth = len(line) - len(content)
    return depth, content.removeprefix(" ")


def _quote(depth: int, content: str) -> str:
    return f"{'>' * depth} {content}" if depth else content
