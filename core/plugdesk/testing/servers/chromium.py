"""Debian's Chromium under Playwright, headless and quiet."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from playwright.sync_api import Browser, BrowserContext, sync_playwright
from playwright.sync_api import Error as BrowserError

from plugdesk.testing.servers.processes import ServerError
from plugdesk.testing.servers.requirements import find_program

ColorScheme = Literal["light", "dark", "no-preference"]

QUIET_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
)
"""Switch off what Chromium asks the internet for by itself."""

ONLY_THIS_MACHINE = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1"
"""Every other name is not found at once, so a page that needs the internet shows it in a test."""


class Chromium:
    """A running Chromium, from construction until `stop()`; each test opens contexts of its own.

    Playwright's sync API belongs to the thread that started it, so use it from that thread only.

    Attributes:
        browser: Playwright's own object.
    """

    def __init__(self) -> None:
        program = chromium_path()
        self._playwright = sync_playwright().start()
        try:
            self.browser: Browser = self._playwright.chromium.launch(
                executable_path=program, headless=True, args=launch_flags()
            )
        except BrowserError:
            self._playwright.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the browser and Playwright's own process."""
        self.browser.close()
        self._playwright.stop()

    @contextlib.contextmanager
    def context(
        self,
        *,
        base_url: str | None = None,
        locale: str = "en-US",
        viewport: tuple[int, int] = (1280, 800),
        color_scheme: ColorScheme = "light",
        javascript: bool = True,
        reduced_motion: bool = True,
    ) -> Iterator[BrowserContext]:
        """Open a fresh context, without cookies, for the length of a block.

        *locale* is a language tag such as ``ko-KR``; *viewport* is width and height in CSS
        pixels. Waits time out after 10 seconds. Names of other
        machines are not found.
        """
        context = self.browser.new_context(
            base_url=base_url,
            locale=locale,
            timezone_id="UTC",
            viewport={"width": viewport[0], "height": viewport[1]},
            color_scheme=color_scheme,
            java_script_enabled=javascript,
            reduced_motion="reduce" if reduced_motion else "no-preference",
        )
        context.set_default_timeout(10_000)
        try:
            yield context
        finally:
            context.close()


def chromium_path() -> Path:
    """Return where Debian's Chromium lies, or raise `ServerError` with the package's name."""
    program = find_program("chromium")
    if program is None:
        message = "Chromium is not installed. Install the Debian package chromium."
        raise ServerError(message)
    return program


def launch_flags() -> list[str]:
    """Return Chromium's flags: quiet, only this machine's hosts, and no sandbox for root."""
    flags = [*QUIET_FLAGS, f"--host-resolver-rules={ONLY_THIS_MACHINE}"]
    return [*flags, "--no-sandbox"] if os.getuid() == 0 else flags
