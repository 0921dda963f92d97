"""On whose behalf plugin code runs right now."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from plugdesk.site import Site


class Context(NamedTuple):
    """The plugin whose code runs, and what it may work with."""

    site: Site
    session: Session | None
    """None outside a transaction; each act of the plugin then takes one of its own."""
    plugin: str
    depth: int = 0
    """How many hooks called each other, by way of the desk, until here."""


CURRENT: ContextVar[Context] = ContextVar("plugdesk.plugins.context")
