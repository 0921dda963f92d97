"""Which function does which job. Imported when a job first runs, so that start-up stays short."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from plugdesk.site import Site

ACCOUNTS_CHECK = "accounts.check"
INTAKE_FETCH = "intake.fetch"
INTAKE_PROCESS = "intake.process"
OUTBOX_DELIVER = "outbox.deliver"
OUTBOX_SETTLE = "outbox.settle"
EVENTS_DELIVER = "events.deliver"
SWEEP = "jobs.sweep"
DEMO_LOAD = "demo.load"
DEMO_REMOVE = "demo.remove"
SWEEP_SECONDS = 60.0

#: Job name → module and function. Each takes the site, and the job's payload by keyword.
CORE = {
    ACCOUNTS_CHECK: "plugdesk.accounts.checks:run",
    INTAKE_FETCH: "plugdesk.intake.fetch:run",
    INTAKE_PROCESS: "plugdesk.intake.process:run",
    OUTBOX_DELIVER: "plugdesk.outbox.delivery:run",
    OUTBOX_SETTLE: "plugdesk.outbox.settle:run",
    EVENTS_DELIVER: "plugdesk.events.delivery:run",
    SWEEP: "plugdesk.jobs.sweeps:run",
    DEMO_LOAD: "plugdesk.demo.loading:load",
    DEMO_REMOVE: "plugdesk.demo.removing:remove",
}


class Registrar(Protocol):
    """Where jobs are registered."""

    def register(self, name: str, function: LazyHandler) -> None:
        """Let `function(site, **payload)` do the jobs called `name`."""


class LazyHandler:
    """A function known by its place, imported when first called."""

    def __init__(self, place: str) -> None:
        self._module, _, self._function = place.partition(":")

    def __call__(self, site: Site, **payload: object) -> object:
        return getattr(importlib.import_module(self._module), self._function)(site, **payload)


def register_core(queue: Registrar) -> None:
    """Register the jobs of the core."""
    for name, place in CORE.items():
        queue.register(name, LazyHandler(place))
