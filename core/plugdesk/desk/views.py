"""All pages of the desk. Importing the modules registers their addresses."""

from plugdesk.desk import (
    bulk,
    composing,
    inbox,
    messages,
    profile,
    replying,
    setup,
    signing,
    ticket,
)
from plugdesk.desk.blueprint import pages

__all__ = [
    "blueprints",
    "bulk",
    "composing",
    "inbox",
    "messages",
    "profile",
    "replying",
    "setup",
    "signing",
    "ticket",
]

blueprints = (pages,)
