"""Trying a plugin in a process of its own, before it is switched on.

    python -m plugdesk.plugins.preflight NAME

Imports it, registers it and builds what it adds; opens no database. Prints one line of JSON with
the reason, empty when all is well. What the plugin prints itself goes to standard error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from plugdesk.errors import PluginError
from plugdesk.i18n import LazyText, gettext, lazy_gettext, shown, stored
from plugdesk.plugins.discovery import find_plugins
from plugdesk.plugins.loading import Held, load_plugin, make_manager
from plugdesk.plugins.states import State

_MODULE = "plugdesk.plugins.preflight"
SECONDS = 60.0
_TAIL = 2000


def run(name: str, *, seconds: float = SECONDS) -> None:
    """Try the plugin in a new process. Raises PluginError with what went wrong."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", _MODULE, name],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        msg = gettext(
            "The plugin %(plugin)s was not ready after %(seconds)s seconds; it stays off.",
            plugin=repr(name),
            seconds=f"{seconds:.0f}",
        )
        raise PluginError(msg) from None
    reason = _reason(done.stdout)
    if reason is None:
        ended = gettext("Its process ended with code %(code)s.", code=done.returncode)
        reason = f"{ended}\n{done.stderr[-_TAIL:]}".rstrip()
    if reason:
        sentence = gettext("The plugin %(plugin)s cannot be switched on.", plugin=repr(name))
        msg = f"{sentence} {reason}"
        raise PluginError(msg)


def _reason(output: str) -> str | None:
    lines = output.splitlines()
    try:
        answer: Any = json.loads(lines[-1])
    except (IndexError, ValueError):
        return None
    return shown(str(answer.get("reason", ""))) if isinstance(answer, dict) else None


def _try(name: str) -> str | LazyText:
    found = find_plugins().get(name)
    if found is None:
        return lazy_gettext("It is not installed.")
    if found.state is not State.OFF:
        return found.reason
    try:
        load_plugin(found, make_manager())
    except Held as held:
        return held.reason
    return ""


def _main() -> None:
    # A plugin that prints must not be taken for our answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with answer:
        answer.write(json.dumps({"reason": stored(_try(sys.argv[1]))}) + "\n")
    # Threads that the plugin started must not keep this process alive.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    _main()
