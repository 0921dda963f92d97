"""Logging to stderr: one line per record, without secrets."""

from __future__ import annotations

import logging
import re
import sys
import time

_SECRETS = (
    # Addresses with a password: postgresql://user:password@host
    (re.compile(r"(://[^:/@\s]+:)[^@\s]+@"), r"\1***@"),
    (re.compile(r"(?i)(authorization\s*[:=]\s*\w+\s+)\S+"), r"\1***"),
    (
        re.compile(
            r"(?i)((?:password|passwd|secret|token|api_?key)\w*[\"']?\s*[:=]\s*)"
            r"(\"[^\"]*\"|'[^']*'|[^\s,;&)]+)"
        ),
        r"\1***",
    ),
)


def without_secrets(text: str) -> str:
    """Replace what looks like a password, token or key. A net below the rule to log none."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class OneLine(logging.Formatter):
    """`2026-01-02T03:04:05.678Z INFO plugdesk.intake: the message`, tracebacks included."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s")
        self.datefmt = "%Y-%m-%dT%H:%M:%S"
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; nobody can forge a second one by sending line breaks."""
        text = without_secrets(super().format(record))
        escaped = text.replace("\n", "\\n").replace("\r", "\\r")
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in escaped)


def set_up(*, verbose: bool = False) -> None:
    """Log to stderr: our own parts from INFO on (DEBUG when verbose), others from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("plugdesk").setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.captureWarnings(capture=True)
