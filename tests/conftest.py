"""The fixtures that all tests of the project share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from plugdesk.testing.servers.postgres import Postgres

pytest_plugins = ["plugdesk.testing.fixtures"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of each kind; the empty address is SQLite in the site's own folder."""
    if request.param == "sqlite":
        yield ""
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url
