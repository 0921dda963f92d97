"""A desk on a real server, for a real browser."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from plugdesk.site import Site
from plugdesk.testing.sites import new_site
from plugdesk.web import server
from plugdesk.web.app import create_app
from plugdesk.web.limits import limiter

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from desks import PASSWORD, Desk, people_and_account

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from plugdesk.testing.servers.chromium import Chromium

SignedIn = Callable[..., AbstractContextManager["Page"]]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, str]]:
    """A desk with people, and the address at which it is served."""
    config = new_site(tmp_path_factory.mktemp("browser") / "site")
    with Site(config) as site:
        account_id, people = people_and_account(site)
        app = create_app(site)
        listener = server.bind("127.0.0.1", 0)
        running = server.Server(app, listener)
        thread = threading.Thread(target=running.run)
        thread.start()
        try:
            yield Desk(site, app, account_id, people), server.address(listener)
        finally:
            running.stop()
            thread.join(30)


@pytest.fixture
def desk(served: tuple[Desk, str]) -> Iterator[Desk]:
    """The served desk."""
    yield served[0]
    limiter.reset()


@pytest.fixture
def signed_in(browser: Chromium, served: tuple[Desk, str]) -> SignedIn:
    """Opens a page as an agent: `with signed_in("mina", javascript=False) as page`.

    What the page's console or policy complains about fails the test, but for the `expected`.
    """

    @contextmanager
    def opened(name: str, expected: str = "-", **options: Any) -> Iterator[Page]:
        with browser.context(base_url=served[1], **options) as context:
            page = context.new_page()
            complaints: list[str] = []
            page.on(
                "console",
                lambda message: (
                    complaints.append(message.text) if message.type == "error" else None
                ),
            )
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto("/sign-in")
            page.fill("[name=address]", f"{name}@desk.test")
            page.fill("[name=password]", PASSWORD)
            page.click("button[type=submit]")
            page.wait_for_url("**/desk/inbox/**")
            yield page
            assert [text for text in complaints if expected not in text] == []

    return opened
