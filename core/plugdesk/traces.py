"""Tracebacks as text that a database stores and a page shows."""

from __future__ import annotations

import traceback

_LONGEST = 8000


def describe(error: BaseException) -> str:
    """Return the traceback of `error`, its middle cut out where it is very long."""
    text = "".join(traceback.format_exception(error)).rstrip()
    if len(text) > _LONGEST:
        text = f"{text[:1000]}\n  …\n{text[1000 - _LONGEST :]}"
    # PostgreSQL stores no zero bytes, and neither database lone surrogates.
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
