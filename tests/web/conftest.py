"""Fixtures for pages: a site with people, mail and browsers, on both databases."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from plugdesk.cli.opening import upgrade_database
from plugdesk.config import load_config
from plugdesk.i18n import use_language
from plugdesk.people import operations
from plugdesk.site import Site
from plugdesk.testing.sites import new_site
from plugdesk.web.app import create_app
from plugdesk.web.limits import limiter
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from desks import Browser, Desk, people_and_account


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with little work: these tests sign in hundreds of times."""
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(operations, "_hasher", quick)
    operations._dummy_hash.cache_clear()


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    """Attempts of one test do not count in the next."""
    yield
    with suppress(AssertionError):  # no application was made
        limiter.reset()


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """The language that a page was asked for is not that of the next test."""
    with use_language("en"):
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty site on SQLite, to be copied."""
    folder = tmp_path_factory.mktemp("template") / "site"
    new_site(folder)
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_site(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> Iterator[Site]:
    """A site without anybody, on SQLite and on PostgreSQL."""
    folder = tmp_path / "site"
    shutil.copytree(template, folder)
    if request.param == "sqlite":
        with Site(load_config(folder)) as site:
            yield site
        return
    postgres = request.getfixturevalue("postgres")
    filled = postgres.template("pages", lambda url: upgrade(url, folder))
    with postgres.database(filled) as url, Site(load_config(folder, database=url)) as site:
        yield site


def upgrade(url: str, folder: Path) -> None:
    """Make the tables in an empty database."""
    upgrade_database(load_config(folder, database=url))


@pytest.fixture
def desk(empty_site: Site) -> Desk:
    """A desk with an account and an agent of each role."""
    account_id, people = people_and_account(empty_site)
    return Desk(empty_site, create_app(empty_site), account_id, people)


@pytest.fixture
def mina(desk: Desk) -> Browser:
    """The browser of an ordinary agent."""
    return desk.browser("mina")


@pytest.fixture
def owner(desk: Desk) -> Browser:
    """The browser of the owner."""
    return desk.browser("owner")
