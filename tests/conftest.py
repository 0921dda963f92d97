"""The fixtures that all tests of the project share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from mailroom import Mailroom
from plugdesk.clock import FrozenClock
from plugdesk.config import SiteConfig
from plugdesk.site import Site
from plugdesk.testing.servers.postgres import Postgres
from plugdesk.testing.sites import MOMENT, copy_site, new_site
from sites import FunctionPlugin, enable

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


@pytest.fixture(scope="session")
def mailbox_template(tmp_path_factory: pytest.TempPathFactory) -> SiteConfig:
    """A site on SQLite with the mailbox plugin switched on, made once and copied."""
    folder = tmp_path_factory.mktemp("mailbox_template")
    return new_site(folder / "site", plugins=("mailbox",))


@pytest.fixture(params=["sqlite", "postgresql"])
def mailbox_site_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A database of each kind for a copy of `mailbox_template`, empty address for its own."""
    if request.param == "sqlite":
        yield ""
        return
    server: Postgres = request.getfixturevalue("postgres")

    def fill(url: str) -> None:
        folder = tmp_path_factory.mktemp("mailbox_template") / "site"
        new_site(folder, database=url, plugins=("mailbox",))

    with server.database(server.template("mailbox", fill)) as url:
        yield url


@pytest.fixture
def open_mailroom(
    mailbox_template: SiteConfig, mailbox_site_url: str, tmp_path: Path
) -> Iterator[Callable[..., Mailroom]]:
    """Opens a site that understands mail in this process, with plugins made of hooks."""
    # Imported here: at the top it would load the fixtures' module before pytest can rewrite it.
    from plugdesk.testing.crash import InlineParser

    clock = FrozenClock(MOMENT)
    config = copy_site(mailbox_template, tmp_path / "site", database=mailbox_site_url)
    opened: list[Site] = []

    def open_site(**plugins: dict[str, Callable[..., object]]) -> Mailroom:
        made = [FunctionPlugin(name, **hooks) for name, hooks in plugins.items()]
        site = Site(config, clock=clock, distributions=[distribution("plugdesk-mailbox"), *made])
        opened.append(site)
        enable(site, **dict.fromkeys(plugins, True))
        site.parser = InlineParser(seconds=6, megabytes=400)
        return Mailroom(site, clock)

    yield open_site
    for site in opened:
        site.close()


@pytest.fixture
def mailroom(open_mailroom: Callable[..., Mailroom]) -> Mailroom:
    """A site that understands mail in this process; the test runs on both databases."""
    return open_mailroom()
