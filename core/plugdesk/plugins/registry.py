"""The site's plugins in this process: which are installed, loaded, enabled, held."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import Distribution
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from plugdesk.contract.channels import Channel
from plugdesk.contract.jobs import Job
from plugdesk.contract.views import PluginBlueprint
from plugdesk.demo.channel import DemoChannel
from plugdesk.errors import PluginError
from plugdesk.i18n import LazyText, gettext, lazy_gettext
from plugdesk.plugins import migrations, rows
from plugdesk.plugins.discovery import Found, find_plugins
from plugdesk.plugins.failures import FailureLog
from plugdesk.plugins.loading import Held, Implementation, Loaded, load_plugin, make_manager
from plugdesk.plugins.states import Adds, HookHold, PluginState, State

if TYPE_CHECKING:
    from plugdesk.site import Site

#: Stands for the core where a plugin's name is wanted; no plugin may have it.
CORE = "core"


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What holds at one generation. Replaced as a whole, so that readers need no lock."""

    known: rows.Known = rows.NOTHING_KNOWN
    enabled: frozenset[str] = frozenset()
    outdated: frozenset[str] = frozenset()
    """Switched on, but with tables that do not fit the code."""
    holds: Mapping[tuple[str, str], HookHold] = field(default_factory=dict)
    active: Mapping[str, tuple[Implementation, ...]] = field(default_factory=dict)
    """For each hook what is called, in order of the plugins' names."""


class PluginRegistry:
    """Knows the plugins of one site in one process. `refresh` follows what other processes do."""

    def __init__(self, site: Site, distributions: Iterable[Distribution] | None = None) -> None:
        self.site = site
        self.failures = FailureLog()
        self._distributions = None if distributions is None else list(distributions)
        self._found: dict[str, Found] = {}
        self._loaded: dict[str, Loaded] = {}
        self._reasons: dict[str, str | LazyText] = {}
        self._lock = threading.Lock()
        #: Holds that this process made and has not yet seen in the database …
        self._own_holds: dict[tuple[str, str], HookHold] = {}
        #: … and which of them are there.
        self._saved: set[tuple[str, str]] = set()
        self._now = _Snapshot()

    def load(self) -> None:
        """Import every compatible plugin, enabled or not, and read which are enabled.

        Raises PluginError in strict mode when one is held or incompatible; otherwise a bad
        plugin never raises.
        """
        self._found = find_plugins(self._distributions)
        if not self.site.config.safe_mode:
            self._load_all()
        with self.site.db.read() as session:
            self._follow(rows.read(session))
        if self.site.config.strict:
            self._require_all()

    def refresh(self, session: Session) -> bool:
        """Follow changes that any process made; True when there were some. Reads one row."""
        if self._now.known.generation < 0:  # there were no tables when we last looked
            self._follow(rows.read(session))
            return self._now.known.generation >= 0
        if rows.generation(session) == self._now.known.generation:
            return False
        self._follow(rows.read(session))
        return True

    def states(self) -> list[PluginState]:
        """Return every plugin that is installed, or was enabled once, by name."""
        names = self._found.keys() | self._now.known.switched_on.keys()
        return [self.state(name) for name in sorted(names)]

    def state(self, name: str) -> PluginState:
        """Return where one plugin stands. Raises PluginError when nobody knows it."""
        snapshot, found = self._now, self._found.get(name)
        switched_on = snapshot.known.switched_on.get(name, False)
        if found is None and name not in snapshot.known.switched_on:
            msg = gettext(
                "There is no plugin named %(plugin)s. Install the distribution that brings it.",
                plugin=repr(name),
            )
            raise PluginError(msg)
        state, reason = self._stand(name, found, switched_on=switched_on)
        loaded = self._loaded.get(name)
        return PluginState(
            name=name,
            version=found.version if found else snapshot.known.versions.get(name, ""),
            summary=found.summary if found else "",
            distribution=found.distribution if found else "",
            state=state,
            reason=str(reason),
            switched_on=switched_on,
            adds=loaded.adds if loaded else Adds(),
            held_hooks=tuple(
                hold for key, hold in sorted(snapshot.holds.items()) if key[0] == name
            ),
            failures=self.failures.of(name, self.site.clock.now()),
        )

    def enabled(self) -> frozenset[str]:
        """Return the names of the plugins that are switched on and loaded here."""
        return self._now.enabled

    def is_enabled(self, name: str) -> bool:
        """Tell whether a plugin is switched on and loaded here; the core always is."""
        return name == CORE or name in self._now.enabled

    def is_held(self, plugin: str, hook: str) -> bool:
        """Tell whether a hook of a plugin is not called until somebody retries it."""
        return (plugin, hook) in self._now.holds

    def loaded(self, name: str) -> Loaded | None:
        """Return a plugin's code, enabled or not; None when it is not loaded here."""
        return self._loaded.get(name)

    def channel(self, name: str) -> tuple[str, type[Channel[Any]]]:
        """Return a channel with the plugin that brings it, enabled or not.

        Raises PluginError when no loaded plugin brings it. The core brings the one of the samples.
        """
        if name == DemoChannel.name:
            return CORE, DemoChannel
        for plugin, loaded in self._loaded.items():
            for channel in loaded.channels:
                if channel.name == name:
                    return plugin, channel
        msg = lazy_gettext(
            "No plugin here brings the channel %(channel)s. Install or repair the one that did.",
            channel=repr(name),
        )
        raise PluginError(msg)

    def channels(self) -> list[tuple[str, type[Channel[Any]]]]:
        """Return the channels of enabled plugins, each with its plugin."""
        return [
            (plugin, channel)
            for plugin, loaded in self._loaded.items()
            if self.is_enabled(plugin)
            for channel in loaded.channels
        ]

    def jobs(self) -> list[tuple[str, Job]]:
        """Return the periodic jobs of all loaded plugins, each with its plugin."""
        return [(plugin, job) for plugin, loaded in self._loaded.items() for job in loaded.jobs]

    def blueprints(self) -> list[PluginBlueprint]:
        """Return the pages of all loaded plugins, enabled or not."""
        return [page for loaded in self._loaded.values() for page in loaded.blueprints]

    def settings_model(self, name: str) -> type[BaseModel] | None:
        """Return the model of a plugin's settings, or None when it has none."""
        loaded = self._loaded.get(name)
        return loaded.settings if loaded else None

    def active(self, hook: str) -> tuple[Implementation, ...]:
        """Return what answers a hook now: enabled, not held, in order of the plugins' names."""
        return self._now.active.get(hook, ())

    def implementation(self, plugin: str, hook: str) -> Implementation | None:
        """Return a loaded plugin's function for a hook, also while it is off or held."""
        loaded = self._loaded.get(plugin)
        return loaded.implementations.get(hook) if loaded else None

    def collected(self, hook: str) -> list[tuple[str, Any]]:
        """Return what all loaded plugins answered at start to a hook of the kind *collect*."""
        return [
            (plugin, answer)
            for plugin, loaded in self._loaded.items()
            for answer in loaded.collected.get(hook, ())
        ]

    def hold(self, plugin: str, hold: HookHold) -> bool:
        """Stop calling a hook in this process; False when that was so already."""
        with self._lock:
            key = (plugin, hold.hook)
            if key in self._now.holds:
                return False
            self._own_holds[key] = hold
            self._now = self._snapshot(self._now.known, self._now.outdated)
            return True

    def hold_is_saved(self, plugin: str, hook: str) -> None:
        """From now on the database says whether the hook is held."""
        with self._lock:
            self._saved.add((plugin, hook))

    def _load_all(self) -> None:
        manager = make_manager()
        taken: dict[str, str] = {}
        for name, found in self._found.items():
            if found.state is not State.OFF:
                continue
            try:
                loaded = load_plugin(found, manager)
                _check_free(taken, loaded)
            except Held as held:
                self._reasons[name] = held.reason
            else:
                self._loaded[name] = loaded
                taken.update(dict.fromkeys(loaded.adds.channels, name))

    def _follow(self, known: rows.Known) -> None:
        outdated = self._find_outdated(known)
        with self._lock:
            for key in self._saved:
                self._own_holds.pop(key, None)
            self._saved.clear()
            before, self._now = self._now, self._snapshot(known, outdated)
            for plugin, hook in before.holds.keys() - self._now.holds.keys():
                self.failures.forget(plugin, hook)  # somebody retries it

    def _find_outdated(self, known: rows.Known) -> frozenset[str]:
        histories = {
            name: loaded.history
            for name, loaded in self._loaded.items()
            if loaded.history is not None and known.switched_on.get(name)
        }
        return frozenset(
            name
            for name, history in histories.items()
            if not migrations.is_current(self.site.db, history)
        )

    def _snapshot(self, known: rows.Known, outdated: frozenset[str]) -> _Snapshot:
        switched_on = {name for name, on in known.switched_on.items() if on}
        enabled = frozenset(switched_on & self._loaded.keys()) - outdated
        holds = {**known.holds, **self._own_holds}
        active: defaultdict[str, list[Implementation]] = defaultdict(list)
        for name in sorted(enabled):
            for hook, implementation in self._loaded[name].implementations.items():
                if (name, hook) not in holds:
                    active[hook].append(implementation)
        return _Snapshot(
            known, enabled, outdated, holds, {hook: tuple(found) for hook, found in active.items()}
        )

    def _stand(
        self, name: str, found: Found | None, *, switched_on: bool
    ) -> tuple[State, str | LazyText]:
        if found is None:
            return (
                State.MISSING,
                gettext("It is not installed any more. Install it, or switch it off."),
            )
        if found.state is not State.OFF:
            return found.state, found.reason
        if name in self._reasons:
            return State.HELD, self._reasons[name]
        if name in self._now.outdated:
            return State.HELD, gettext("Its tables do not fit its code. Run: plugdesk upgrade")
        if self.site.config.safe_mode:
            return State.OFF, gettext("Safe mode: no plugin is loaded.")
        return (State.ENABLED if switched_on else State.OFF), ""

    def _require_all(self) -> None:
        bad = [s for s in self.states() if s.state in (State.HELD, State.INCOMPATIBLE)]
        if bad:
            lines = [f"{state.name}: {state.reason}" for state in bad]
            msg = "\n".join((gettext("In strict mode every plugin has to load."), *lines))
            raise PluginError(msg)


def _check_free(taken: Mapping[str, str], loaded: Loaded) -> None:
    for channel in loaded.adds.channels:
        if channel in taken:
            msg = lazy_gettext(
                "The plugin %(plugin)s brings a channel named %(channel)s already. Uninstall one of"
                " the two.",
                plugin=repr(taken[channel]),
                channel=repr(channel),
            )
            raise Held(msg)
