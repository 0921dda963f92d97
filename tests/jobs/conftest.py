"""Fixtures for jobs: sites on both databases, with their queue where the site would keep it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plugdesk.site import Site
from sites import FunctionPlugin, create_site, open_site


@pytest.fixture
def make_site(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Opens the site, each time as another process would; on PostgreSQL the queue is there too."""
    create_site(tmp_path, database_url)
    opened: list[Site] = []
    queue = "database" if database_url else ""

    def make(*plugins: FunctionPlugin, **options: Any) -> Site:
        settings: dict[str, Any] = {"queue": queue, "poll_seconds": 0.05, **options}
        site = open_site(tmp_path, database_url, plugins, **settings)
        opened.append(site)
        return site

    yield make
    for site in opened:
        site.close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A site without plugins."""
    return make_site()
