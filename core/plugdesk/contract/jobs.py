"""Work that a plugin has done outside page requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A periodic job. It runs in one worker of the site at a time, only while its plugin is on."""

    name: str
    """`[a-z][a-z0-9_]*`, unique within the plugin."""
    every: timedelta
    run: Callable[[], None]
    """Uses `desk`; what it raises is shown to the owner, and the next run comes all the same."""
