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
        msg = f"The plugin {name!r} was not ready after {seconds:.0f} seconds; it stays off."
        raise PluginError(msg) from None
    reason = _reason(done.stdout)
    if reason is None:
        reason = f"Its process ended with code {done.returncode}.\n{done.stderr[-_TAIL:]}".rstrip()
    if reason:
        msg = f"The plugin {name!r} cannot be switched on. {reason}"
        raise PluginError(msg)


def _reason(output: str) -> str | None:
    lines = output.splitlines()
    try:
        answer: Any = json.loads(lines[-1])
    except (IndexError, ValueError):
        return None
    return str(answer.get("reason", "")) if isinstance(answer, dict) else None


def _try(name: str) -> str:
    found = find_plugins().get(name)
    if found is None:
        return "It is not installed."
    if found.state is not State.OFF:
        return found.reason
    try:
        load_plugin(found, make_manager())
    except Held as held:
        return str(held)
    return ""


def _main() -> None:
    # A plugin that prints must not be taken for our answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with answer:
        answer.write(json.dumps({"reason": _try(sys.argv[1])}) + "\n")
    # Threads that the plugin started must not keep this process alive.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    _main()
