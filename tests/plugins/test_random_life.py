"""Whatever order things happen in, every process ends with the state that a simple model says."""

from __future__ import annotations

import importlib
from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugdesk.plugins import operations
from plugdesk.plugins.states import State
from plugdesk.site import Site
from plugdesk.testing.plugins import refresh, state_of

if TYPE_CHECKING:
    from plugdesk.testing.plugins import Sites

NAMES = ("ant", "bee", "cat")
CODE = """
broken = False
@hookimpl
def navigation():
    if broken:
        raise SystemExit("broken")
    return NavItem(label=__name__, url="/")
"""

names = st.sampled_from(NAMES)
processes = st.integers(0, 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("enable"), processes, names),
        st.tuples(st.just("disable"), processes, names),
        st.tuples(st.just("break"), processes, names),
        st.tuples(st.just("heal"), processes, names),
        st.tuples(st.just("retry"), processes, names),
        st.tuples(st.just("ask"), processes, st.integers(1, 6)),
        st.tuples(st.just("wait"), processes, st.integers(1, 15)),
    ),
    max_size=25,
)


class Model:
    """What should be so."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.on: set[str] = set()
        self.broken: set[str] = set()
        self.held: set[str] = set()
        self.failures: defaultdict[tuple[int, str], list[datetime]] = defaultdict(list)

    def ask(self, process: int) -> list[str]:
        """Return which plugins answer."""
        asked = sorted(self.on - self.held)
        for name in asked:
            if name in self.broken:
                times = self.failures[process, name]
                times.append(self.now)
                recent = [t for t in times[-5:] if self.now - t <= timedelta(minutes=10)]
                if len(recent) == 5:
                    self.held.add(name)
        return [name for name in asked if name not in self.broken]

    def clear(self, process: int, name: str) -> None:
        """Forget failures where the act happened, and everywhere when a hold was lifted."""
        for other in (0, 1) if name in self.held else (process,):
            self.failures[other, name].clear()
        self.held.discard(name)


class World:
    """Two processes of one site."""

    def __init__(self, sites: Sites, modules: dict[str, Any]) -> None:
        self.sites = sites
        self.modules = modules
        self.processes: list[Site] = [sites.open(), sites.open()]
        for name in NAMES:
            operations.disable(self.processes[0], name)
            modules[name].broken = False
        self.settle()
        self.model = Model(sites.clock.now())

    def settle(self) -> None:
        """Let holds be saved, and every process have its next request."""
        for site in self.processes:
            site.hooks.close()
        for site in self.processes:
            refresh(site)

    def step(self, what: str, process: int, which: Any) -> None:
        """Do one thing in the world and in the model."""
        site, model = self.processes[process], self.model
        if what == "ask":
            for _ in range(which):
                answers = site.hooks.ask("navigation")
                assert [plugin for plugin, _item in answers] == model.ask(process)
        elif what == "wait":
            self.sites.clock.move(minutes=which)
            model.now = self.sites.clock.now()
        elif what in ("break", "heal"):
            self.modules[which].broken = what == "break"
            (model.broken.add if what == "break" else model.broken.discard)(which)
        elif what == "retry":
            operations.retry(site, which)
            model.clear(process, which)
        elif what == "enable" and which not in model.on:
            operations.enable(site, which, tried=True)
            model.on.add(which)
            model.clear(process, which)
        elif what == "disable" and which in model.on:
            operations.disable(site, which)
            model.on.remove(which)
            model.clear(process, which)
        self.settle()

    def check(self) -> None:
        """Compare every process with the model."""
        for site in self.processes:
            assert site.plugins.enabled() == self.model.on
            held = {name for name in NAMES if site.plugins.is_held(name, "navigation")}
            assert held == self.model.held
            for name in NAMES:
                state = state_of(site, name)
                assert state.state is (State.ENABLED if name in self.model.on else State.OFF)
                assert bool(state.held_hooks) is (name in held)


def test_any_order_of_events_ends_as_the_model_says(sites: Sites) -> None:
    """Enable, disable, break, heal, retry, ask and wait, in two processes, in any order."""
    modules = {name: importlib.import_module(sites.shelf.put(name, CODE)) for name in NAMES}

    @settings(
        max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(steps)
    def run(happening: list[tuple[str, int, Any]]) -> None:
        world = World(sites, modules)
        for what, process, which in happening:
            world.step(what, process, which)
            world.check()
        sites.close()

    run()
