"""The code that proves, before there is any account, that somebody runs this site's server."""

from __future__ import annotations

from plugdesk.settings.secrets import Keys

_PURPOSE = "first start"
_LENGTH = 20


def setup_code(keys: Keys) -> str:
    """Return the code that `plugdesk serve` prints; good until the site has an owner."""
    return keys.sign(_PURPOSE, "owner", length=_LENGTH)


def is_setup_code(keys: Keys, code: str) -> bool:
    """Compare a typed code in constant time; spaces and case do not matter."""
    tidy = "".join(code.split()).lower()
    return len(tidy) == _LENGTH and keys.verify(_PURPOSE, "owner", tidy)
