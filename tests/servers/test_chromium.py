"""Debian's Chromium: it renders as a test asks, and is gone afterwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Error as BrowserError
from plugdesk.testing.servers import require
from plugdesk.testing.servers.chromium import Chromium
from plugdesk.testing.servers.processes import process_runs, wait_until

SCRIPT = "data:text/html,<p>still</p><script>document.querySelector('p').append(' moved')</script>"


def children_of(pid: int) -> list[int]:
    """Return the ids of a process's children and theirs."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    own = [int(child) for child in path.read_text().split()] if path.exists() else []
    return own + [grandchild for child in own for grandchild in children_of(child)]


def test_a_context_is_as_the_test_asks(browser: Chromium) -> None:
    """Language, colours and size of the page are those of the context."""
    with browser.context(locale="ko-KR", color_scheme="dark", viewport=(390, 700)) as context:
        page = context.new_page()
        page.goto("data:text/html,<!doctype html><meta name=viewport content=width=device-width>")
        dark = "matchMedia('(prefers-color-scheme: dark)').matches"
        asked = page.evaluate(f"[navigator.language, {dark}, innerWidth, innerHeight]")
    assert asked == ["ko-KR", True, 390, 700]


@pytest.mark.parametrize(("javascript", "text"), [(True, "still moved"), (False, "still")])
def test_scripts_can_be_off(browser: Chromium, javascript: bool, text: str) -> None:
    """A context without JavaScript runs none."""
    with browser.context(javascript=javascript) as context:
        page = context.new_page()
        page.goto(SCRIPT)
        assert page.locator("p").inner_text() == text


def test_contexts_share_nothing(browser: Chromium) -> None:
    """A cookie of one context is not in the next."""
    with browser.context() as context:
        context.add_cookies([{"name": "a", "value": "b", "url": "http://localhost/"}])
        assert len(context.cookies()) == 1
    with browser.context() as context:
        assert context.cookies() == []


def test_other_machines_are_not_found(browser: Chromium) -> None:
    """A page on another machine fails at once instead of waiting for the network."""
    with browser.context() as context, pytest.raises(BrowserError, match="ERR_NAME_NOT_RESOLVED"):
        context.new_page().goto("http://desk.example/")


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_it_leaves_no_process(ending: str) -> None:
    """The browser's processes end with it, also when the tests are killed."""
    require("chromium")
    code = (
        "from plugdesk.testing.servers.chromium import Chromium\n"
        "with Chromium() as browser:\n"
        "    with browser.context() as context:\n"
        "        context.new_page().goto('about:blank')\n"
        "        print('ready', flush=True)\n"
        "        input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        assert tests.stdout.readline() == "ready\n"
        processes = children_of(tests.pid)
        assert len(processes) > 3
        if ending == "kill":
            tests.kill()
        tests.communicate("\n" if ending == "stop" else None)
    wait_until(lambda: not any(map(process_runs, processes)), "the browser's processes end", 10)
