"""Commands called in this process, and a site for them to work on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from plugdesk.cli.init import make_site
from plugdesk.cli.root import plugdesk

Run = Callable[..., Result]
PASSWORD = "correct horse battery"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call `plugdesk` with these arguments, and `input` as what is typed."""
    for name in ("PLUGDESK_SITE", "PLUGDESK_DEBUG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str | Path, **options: object) -> Result:
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(plugdesk, words, **options)  # type: ignore[arg-type]

    return call


@pytest.fixture
def site_folder(tmp_path: Path) -> Path:
    """The folder of a new site."""
    make_site(tmp_path / "shop", language="en")
    return tmp_path / "shop"
