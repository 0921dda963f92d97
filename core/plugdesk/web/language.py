"""Which language and time zone a request speaks."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from flask import request

from plugdesk.i18n import LANGUAGES, match_language, set_language
from plugdesk.web.current import current_agent, current_site


def choose_language() -> None:
    """Speak the agent's language, else what address or browser ask for, else the site's."""
    agent = current_agent()
    wanted = agent.language if agent else request.args.get("lang", "")
    set_language(match_language(wanted) or _accepted() or current_site().config.language)


def zone() -> ZoneInfo:
    """Return the time zone in which the request shows times."""
    agent = current_agent()
    return find_zone(agent.timezone if agent else "") or _site_zone()


@cache
def find_zone(name: str) -> ZoneInfo | None:
    """Return the zone of that name, None when there is none."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@cache
def zone_names() -> tuple[str, ...]:
    """Return the names to choose from: places, without the historic abbreviations."""
    places = (name for name in available_timezones() if "/" in name)
    return ("UTC", *sorted(name for name in places if not name.startswith(("Etc/", "SystemV/"))))


def _site_zone() -> ZoneInfo:
    return find_zone(current_site().config.timezone) or ZoneInfo("UTC")


def _accepted() -> str | None:
    for tag, _quality in request.accept_languages:
        language = match_language(tag)
        if language in LANGUAGES:
            return language
    return None
