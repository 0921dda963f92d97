"""Fixtures for plugins: sites on both databases, with plugins installed for one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plugdesk.cli.init import make_site
from plugdesk.config import SiteConfig
from plugdesk.db import Database, migrate
from plugdesk.testing.plugins import Shelf, Sites, on_path
from plugdesk.testing.sites import config_of, copy_site


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """Where this test installs plugins."""
    found = Shelf(tmp_path / "plugins")
    with on_path(found.folder):
        yield found


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> SiteConfig:
    """A site that tests copy."""
    folder = tmp_path_factory.mktemp("template") / "site"
    make_site(folder, language="en")
    return config_of(folder)


def _fill(url: str) -> None:
    database = Database(url)
    migrate.upgrade(database)
    database.close()


@pytest.fixture
def sites(template: SiteConfig, tmp_path: Path, shelf: Shelf) -> Iterator[Sites]:
    """A site on SQLite."""
    found = Sites(copy_site(template, tmp_path / "site"), shelf)
    yield found
    found.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def both(
    request: pytest.FixtureRequest, template: SiteConfig, tmp_path: Path, shelf: Shelf
) -> Iterator[Sites]:
    """A site; the test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        found = Sites(copy_site(template, tmp_path / "site"), shelf)
        yield found
        found.close()
        return
    server = request.getfixturevalue("postgres")
    with server.database(server.template("core_tables", _fill)) as url:
        found = Sites(copy_site(template, tmp_path / "site", database=url), shelf)
        yield found
        found.close()
