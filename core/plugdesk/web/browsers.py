"""Naming a browser for the person who used it."""

from __future__ import annotations

from plugdesk.i18n import gettext

# The order matters: each of these also names the ones after it.
_PROGRAMS = ("Edg", "OPR", "Whale", "SamsungBrowser", "Firefox", "Chrome", "Safari")
_NAMES = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet"}
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS X", "CrOS", "Linux")
_SYSTEM_NAMES = {"Mac OS X": "macOS", "CrOS": "ChromeOS"}


def describe_browser(user_agent: str) -> str:
    """Return "Firefox, Windows" for a User-Agent field; unknown ones say so."""
    program = next((name for name in _PROGRAMS if f"{name}/" in user_agent), "")
    system = next((name for name in _SYSTEMS if name in user_agent), "")
    parts = [_NAMES.get(program, program), _SYSTEM_NAMES.get(system, system)]
    return ", ".join(part for part in parts if part) or gettext("Unknown browser")
