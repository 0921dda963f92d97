"""How often one client may try what can be guessed.

Counted in the memory of each process: with several processes the limits are that many times
wider, and a restart forgets them. That is enough against guessing passwords, whose own hash is
slow, and needs no further service.
"""

from __future__ import annotations

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(key_func=get_remote_address, storage_uri="memory://")

PER_CLIENT = "10 per minute; 60 per hour"
PER_ADDRESS = "10 per 10 minutes; 40 per day"


def named_address() -> str:
    """Return the mail address that a form names, so that many clients cannot share the guessing."""
    return request.form.get("address", "").strip().casefold()[:254]
