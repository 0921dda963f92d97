"""Every error that Plugdesk raises on purpose.

    PlugdeskError
    ├── ConfigError              the site's configuration cannot be used
    ├── NotAllowed               the actor may not do this
    ├── NotFound                 no such object, or not visible to this actor
    ├── Refused                  a rule or a plugin refused the change
    │   └── Outdated             something new was said that the actor has not seen
    ├── ParseLimit               a message exceeds a limit of the parser
    ├── PluginError              a plugin cannot be loaded, enabled or called
    └── ChannelError             a channel could not do its work
        ├── ChannelUnavailable   passing: try again later, with backoff
        └── ChannelSignedOut     lasting: the owner has to reconnect

The text of each is one or two sentences for a person: what happened, and what to do. Those that
may be read later, by somebody else, are given as `lazy_gettext(…)`: see `plugdesk.i18n`.
"""

from __future__ import annotations

from plugdesk.i18n import LazyText


class PlugdeskError(Exception):
    """Base of all errors with a sentence for a person."""

    @property
    def sentence(self) -> str | LazyText:
        """The text before anybody chose a language for it, for `plugdesk.i18n.stored`."""
        text = self.args[0] if len(self.args) == 1 else None
        return text if isinstance(text, LazyText) else str(self)


class ConfigError(PlugdeskError):
    """The site's configuration cannot be used."""


class NotAllowed(PlugdeskError):
    """The actor may not do this."""


class NotFound(PlugdeskError):
    """There is no such object, or this actor may not see it."""


class Refused(PlugdeskError):
    """A rule of the desk or of a plugin refused the change."""


class Outdated(Refused):
    """Something new was said on the ticket that the actor has not seen."""


class ParseLimit(PlugdeskError):
    """A message exceeds a limit of the parser (size, depth, parts, time, memory)."""


class PluginError(PlugdeskError):
    """A plugin cannot be loaded, enabled or called."""


class ChannelError(PlugdeskError):
    """A channel could not do its work."""


class ChannelUnavailable(ChannelError):
    """The other side does not answer now; the desk tries again with backoff."""


class ChannelSignedOut(ChannelError):
    """The other side refuses our credentials; the desk stops and tells the owner."""
