"""Signatures below a reply, as far as they are certain: after a delimiter, or a device's own."""

from __future__ import annotations

import re

_LONGEST_DEVICE_LINE = 90
_MOST_LINES = 12
_DELIMITERS = frozenset(("-- ", "--", "—"))
_FOOTER = re.compile(r"_{5,}[ \t]*\Z|_{2}[ \t]*\Z")
_NAME = re.compile(r"[-–—]{1,2} ?[^\W\d_][\w.'-]*(?: [^\W\d_][\w.'-]*){0,2}[ \t]*\Z")
_DEVICES = (
    "iphone|ipad|ipod|android|blackberry|samsung|galaxy|windows (?:mail|phone)|outlook|mobile|"
    "yahoo|huawei|xiaomi|nokia|htc|sony|lg|mailbox|airmail|k-9|proton|mobil|móvil|handy|"
    "smartphone|phone|zimbra|bell|verizon|at&t|mailspring|spark|naver|네이버|아이폰|갤럭시"
)
_SENT_FROM = re.compile(
    "(?:sent|von|gesendet|envoyé|enviado|inviato|verzonden|wysłane|sendt|skickat|skickad|lähetetty|"
    "отправлено|gönderildi|أرسلت|أُرسلت|get|diese nachricht wurde|az|odesláno|从|發自|发自|"
    f"나의|내)\\b.{{0,50}}(?:{_DEVICES})|.{{0,40}}(?:에서 보냄|에서 보낸|から送信|발송됨)|"
    "sent (?:via|with|from my) ",
    re.IGNORECASE,
)


def signature_start(text: str) -> int | None:
    """Return the offset in `text` (without quotation) where the signature begins, if certain.

    The signature delimiter is that of RFC 3676, section 4.3.
    """
    lines = text.splitlines(keepends=True)
    first = len(lines)
    for at in range(len(lines) - 1, max(-1, len(lines) - 1 - _MOST_LINES), -1):
        line = lines[at].rstrip("\r\n")
        certain = line in _DELIMITERS or _FOOTER.match(line[:200]) or _is_device_line(line)
        if certain or (_NAME.match(line[:60]) and first == _next(lines, at)):
            first = at
    return sum(map(len, lines[:first])) if first < len(lines) else None


def without_signature(text: str) -> str:
    """Return `text` up to its signature, or whole."""
    start = signature_start(text)
    return text if start is None else text[:start].rstrip()


def _is_device_line(line: str) -> bool:
    line = line.strip("\u202a\u202b\u202c\u200e\u200f *_[]\t")
    if not line or len(line) > _LONGEST_DEVICE_LINE or line.endswith((".", "!", "?")):
        return False
    return _SENT_FROM.match(line) is not None


def _next(lines: list[str], at: int) -> int:
    at += 1
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at
