"""`plugdesk plugins`, with the plugins that are installed here."""

from __future__ import annotations

from pathlib import Path

from .conftest import Run


def test_a_plugin_is_switched_on_and_off(run: Run, site_folder: Path) -> None:
    """list, check, enable, retry and disable each say what they found or did."""
    where = ("--site", site_folder)
    assert state(run, site_folder) == "off"
    assert "can be used" in run("plugins", "check", "mailbox", *where).output
    assert "is on" in run("plugins", "enable", "mailbox", *where).output
    assert state(run, site_folder) == "on"
    assert "called again" in run("plugins", "retry", "mailbox", *where).output
    assert "its data stays" in run("plugins", "disable", "mailbox", *where).output
    assert state(run, site_folder) == "off"


def test_an_unknown_plugin_is_a_sentence(run: Run, site_folder: Path) -> None:
    """Switching on what is not installed says so."""
    result = run("plugins", "enable", "nonsense", "--site", site_folder)
    assert result.exit_code == 1
    assert "no plugin named 'nonsense'" in result.stderr


def state(run: Run, folder: Path) -> str:
    lines = run("plugins", "list", "--site", folder).output.splitlines()
    row = next(line for line in lines if line.startswith("mailbox"))
    return row.split()[2]
