"""What the owner reads about a plugin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """Where a plugin stands."""

    ENABLED = "enabled"
    OFF = "off"
    INCOMPATIBLE = "incompatible"
    """Made for other versions of Plugdesk; its code is not imported."""
    HELD = "held"
    """Its code could not be loaded; `PluginState.reason` has the traceback."""
    MISSING = "missing"
    """Enabled once, but not installed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adds:
    """What a loaded plugin brings."""

    channels: tuple[str, ...] = ()
    """Names of its channels."""
    pages: bool = False
    jobs: tuple[str, ...] = ()
    settings: bool = False
    hooks: tuple[str, ...] = ()
    """Names of the hooks that it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookHold:
    """A hook of a plugin that is not called until somebody retries it."""

    hook: str
    error: str
    """A sentence and the last traceback."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFailure:
    """Failures of one hook in this process that did not (yet) hold it."""

    hook: str
    count: int
    """Within the last ten minutes."""
    error: str
    """The last traceback."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginState:
    """A plugin as the plugins page and the command line show it."""

    name: str
    version: str
    summary: str
    distribution: str
    """Name of the distribution that brings it; empty when it is missing."""
    state: State
    reason: str = ""
    """Why it is incompatible, held, missing or cannot be enabled; may have several lines."""
    switched_on: bool = False
    """Whether the owner wants it on, also while it is held, incompatible or missing."""
    adds: Adds = Adds()
    held_hooks: tuple[HookHold, ...] = ()
    failures: tuple[HookFailure, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether nothing about it wants the owner's attention."""
        return self.state in (State.ENABLED, State.OFF) and not self.held_hooks
