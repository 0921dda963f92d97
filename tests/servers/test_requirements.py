"""What a test does where the program of a server is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugdesk.testing.servers import missing, require, requirements

PACKAGES = sorted(requirements.FINDERS)


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any of the programs."""
    monkeypatch.setattr(requirements, "find_program", lambda name: None)
    monkeypatch.setattr(requirements, "POSTGRES_FOLDER", tmp_path)


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize("package", PACKAGES)
def test_a_missing_program_skips_and_names_its_package(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside CI a test that needs the program is skipped, saying what to install."""
    monkeypatch.delenv("CI", raising=False)
    assert f"apt-get install --no-install-recommends {package}" in (missing(package) or "")
    with pytest.raises(pytest.skip.Exception, match=package):
        require(package)


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize("package", PACKAGES)
def test_a_missing_program_fails_in_ci(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With CI=true a test that needs the program fails instead of being left out."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=package):
        require(package)


def test_the_newest_postgresql_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of several installed versions the newest serves, by number and not by spelling."""
    for version in ("9.6", "15", "16"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        (folder / "initdb").touch()
    monkeypatch.setattr(requirements, "POSTGRES_FOLDER", tmp_path)
    assert require("postgresql") == tmp_path / "16" / "bin"
