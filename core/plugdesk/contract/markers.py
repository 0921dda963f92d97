"""The two pluggy markers. Only `hookimpl` is for plugins."""

import pluggy

hookspec = pluggy.HookspecMarker("plugdesk")
hookimpl = pluggy.HookimplMarker("plugdesk")
