"""Calling plugins so that none can hurt the desk or another plugin (DESIGN.md, section 4)."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NoReturn

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from plugdesk.contract.events import Event
from plugdesk.db import guests
from plugdesk.errors import PluginError
from plugdesk.i18n import gettext, lazy_gettext
from plugdesk.plugins import rows
from plugdesk.plugins.context import CURRENT, Context
from plugdesk.plugins.loading import Implementation, hooks_of_kind
from plugdesk.plugins.registry import PluginRegistry
from plugdesk.plugins.states import HookHold
from plugdesk.traces import describe

SLOW_SECONDS = 0.25
#: Hooks that act on the desk, which asks hooks again: deeper than this is a circle.
_DEEPEST = 10
#: Set to 1 to see every call on standard error.
TRACE_VARIABLE = "PLUGDESK_TRACE_HOOKS"

_EVENT_HOOKS = frozenset(hooks_of_kind("event"))
_logger = logging.getLogger(__name__)


class Hooks:
    """Asks the hooks of a site's plugins.

    Where a session is given, each plugin works in a savepoint of its own and cannot end the
    transaction. What a plugin raises, or answers wrongly, is logged and counted as its own
    failure and never reaches the caller; five failures within ten minutes hold that hook of that
    plugin until somebody retries it.
    """

    def __init__(self, plugins: PluginRegistry) -> None:
        self._plugins = plugins
        self._site = plugins.site
        self._savers: set[threading.Thread] = set()
        self._trace = os.environ.get(TRACE_VARIABLE) == "1"

    def collect(self, hook: str) -> list[tuple[str, Any]]:
        """Return what all loaded plugins, enabled or not, answered at start, item by item."""
        return self._plugins.collected(hook)

    def ask(
        self, hook: str, *, session: Session | None = None, **values: Any
    ) -> list[tuple[str, Any]]:
        """Ask every enabled plugin; returns the answers, each with its plugin, by plugin.

        None is left out, a list of answers becomes several.
        """
        return [
            (implementation.plugin, answer)
            for implementation in self._plugins.active(hook)
            for answer in self._isolated(implementation, session, values)
        ]

    def first(
        self,
        hook: str,
        *,
        session: Session | None = None,
        accept: Callable[[str, Any], bool] | None = None,
        **values: Any,
    ) -> tuple[str, Any] | None:
        """Return the first answer, with its plugin, that `accept(plugin, answer)` takes."""
        for implementation in self._plugins.active(hook):
            for answer in self._isolated(implementation, session, values):
                if accept is None or accept(implementation.plugin, answer):
                    return implementation.plugin, answer
        return None

    def chain(
        self,
        hook: str,
        argument: str,
        value: Any,
        *,
        session: Session | None = None,
        **values: Any,
    ) -> Any:
        """Let each plugin replace `value`, passed as `argument`, for the next; returns the last."""
        for implementation in self._plugins.active(hook):
            for answer in self._isolated(implementation, session, {**values, argument: value}):
                value = answer
        return value

    def own(self, plugin: str, hook: str, session: Session | None = None, **values: Any) -> None:
        """Call a hook of one loaded plugin, also while it is off. Raises PluginError."""
        implementation = self._plugins.implementation(plugin, hook)
        if implementation is None:
            return
        try:
            self._call(implementation, session, values)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            sentence = gettext(
                "The plugin %(plugin)s failed in %(hook)s.", plugin=repr(plugin), hook=hook
            )
            msg = f"{sentence}\n{describe(error)}"
            raise PluginError(msg) from error

    def deliver(self, plugin: str, event: Event, session: Session) -> None:
        """Hand an event to one plugin: to the hook named by its kind, then to `event`.

        Raises what the plugin raises, and PluginError in place of SystemExit; delivery has its
        own retries, so that nothing is held here.
        """
        for hook in dict.fromkeys((event.kind, "event")):
            implementation = self._plugins.implementation(plugin, hook)
            if implementation is None or hook not in _EVENT_HOOKS:
                continue
            try:
                self._call(implementation, session, {"event": event})
            except SystemExit as error:
                msg = gettext(
                    "The plugin %(plugin)s tried to end the process in %(hook)s.",
                    plugin=repr(plugin),
                    hook=hook,
                )
                raise PluginError(msg) from error

    def failed(self, plugin: str, hook: str, error: BaseException, *, hold: bool = False) -> None:
        """Count a failure of a plugin; hold the hook at the fifth of late, or at once."""
        now, text = self._site.clock.now(), describe(error)
        _logger.error("The plugin %s failed in %s.\n%s", plugin, hook, text)
        if self._plugins.failures.add(plugin, hook, text, now) or hold:
            held = HookHold(hook=hook, error=text, at=now)
            if self._plugins.hold(plugin, held):
                _logger.error("%s of the plugin %s is held until a retry.", hook, plugin)
                self._save(plugin, held)

    def close(self) -> None:
        """Wait until every hold is saved."""
        for saver in list(self._savers):
            saver.join()

    def _isolated(
        self, implementation: Implementation, session: Session | None, values: dict[str, Any]
    ) -> tuple[Any, ...]:
        try:
            return self._call(implementation, session, values)
        except KeyboardInterrupt:
            raise
        except guests.TransactionLost as error:
            self._transaction_lost(implementation, error)
        except BaseException as error:
            if isinstance(error, DBAPIError) and guests.is_breakdown(error):
                raise  # the database is gone, and no plugin is to blame
            self.failed(implementation.plugin, implementation.hook, error)
            return ()

    def _call(
        self, implementation: Implementation, session: Session | None, values: dict[str, Any]
    ) -> tuple[Any, ...]:
        depth = _depth() + 1
        if depth > _DEEPEST:
            msg = gettext(
                "%(hook)s came back to itself %(number)s times, by way of the desk.",
                hook=implementation.hook,
                number=depth,
            )
            raise PluginError(msg)
        token = CURRENT.set(Context(self._site, session, implementation.plugin, depth))
        started = perf_counter()
        try:
            if session is None:
                return implementation.call(values)
            return guests.call(session, partial(implementation.call, values))
        finally:
            seconds = perf_counter() - started
            CURRENT.reset(token)
            if seconds > SLOW_SECONDS or self._trace:
                self._report(implementation, seconds)

    def _report(self, implementation: Implementation, seconds: float) -> None:
        plugin, hook = implementation.plugin, implementation.hook
        if self._trace:
            sys.stderr.write(f"hook {hook} {plugin} {seconds * 1000:.2f} ms\n")
        if seconds > SLOW_SECONDS:
            _logger.warning("The plugin %s took %.2f s in %s.", plugin, seconds, hook)

    def _transaction_lost(
        self, implementation: Implementation, error: guests.TransactionLost
    ) -> NoReturn:
        """Hold the hook at once: the work that it broke is then tried again without it."""
        self.failed(implementation.plugin, implementation.hook, error, hold=True)
        msg = lazy_gettext(
            "The plugin %(plugin)s broke the transaction in %(hook)s; nothing was saved. The hook"
            " is held: try again.",
            plugin=repr(implementation.plugin),
            hook=implementation.hook,
        )
        raise PluginError(msg) from error

    def _save(self, plugin: str, hold: HookHold) -> None:
        # In a thread: the caller may be inside a transaction, which must neither undo the hold
        # nor be undone with it, and writers take turns.
        saver = threading.Thread(target=self._save_now, args=(plugin, hold), name="plugdesk-hold")
        self._savers.add(saver)
        saver.start()

    def _save_now(self, plugin: str, hold: HookHold) -> None:
        try:
            with self._site.db.write() as session:
                rows.save_hold(session, plugin, hold)
            self._plugins.hold_is_saved(plugin, hold.hook)
        except Exception:
            _logger.exception("The hold of %s of the plugin %s is not saved.", hold.hook, plugin)
        finally:
            self._savers.discard(threading.current_thread())


def _depth() -> int:
    running = CURRENT.get(None)
    return running.depth if running else 0
