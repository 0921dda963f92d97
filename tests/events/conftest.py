"""Fixtures for events: sites on both databases, whose plugins are functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plugdesk.clock import FrozenClock
from plugdesk.site import Site
from sites import START, Subscriber, create_site, enable, open_site, subscribing


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands still."""
    return FrozenClock(START)


@pytest.fixture
def make_site(
    database_url: str, tmp_path: Path, clock: FrozenClock
) -> Iterator[Callable[..., Site]]:
    """Opens the site with the given subscribers, all switched on."""
    create_site(tmp_path, database_url)
    opened: list[Site] = []

    def make(**subscribers: Subscriber) -> Site:
        plugins = [subscribing(name, function) for name, function in subscribers.items()]
        site = open_site(tmp_path, database_url, plugins, clock)
        opened.append(site)
        enable(site, **dict.fromkeys(subscribers, True))
        return site

    yield make
    for site in opened:
        site.close()
