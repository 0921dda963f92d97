"""Commands end with sentences, whatever goes wrong."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from plugdesk.cli import users
from plugdesk.cli.logs import OneLine, without_secrets
from plugdesk.db import Database
from sqlalchemy import text

from .conftest import Run


def _explode() -> None:
    message = "password=hunter2 leaked"
    raise RuntimeError(message)


def test_the_unexpected_is_logged(
    run: Run, site_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence for the reader; the traceback, without secrets, in the site's error log."""
    monkeypatch.setattr(users, "open_site", _explode)
    result = run("user", "list", "--site", site_folder)
    assert result.exit_code == 1
    log = site_folder / "errors.log"
    assert str(log) in result.stderr
    assert "Traceback" not in result.output
    assert "in _explode" in log.read_text()
    assert "hunter2" not in log.read_text()


def test_debug_shows_the_traceback(
    run: Run, site_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PLUGDESK_DEBUG brings it to the terminal, and is no unknown setting."""
    monkeypatch.setattr(users, "open_site", _explode)
    result = run("user", "list", "--site", site_folder, env={"PLUGDESK_DEBUG": "1"})
    assert "Traceback" in result.stderr
    monkeypatch.undo()
    assert run("user", "list", "--site", site_folder, env={"PLUGDESK_DEBUG": "1"}).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nonsense"], "nonsense"),
        (["serve", "--nonsense"], "There is no option --nonsense"),
        (["user", "password"], "ADDRESS is missing"),
        (["worker", "--threads", "0"], "--threads"),
    ],
)
def test_wrong_arguments_name_the_help(run: Run, arguments: list[str], sentence: str) -> None:
    """A mistake in the arguments is a sentence and the command whose help to read."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "--help" in result.stderr


def test_an_outdated_database_says_what_to_do(run: Run, site_folder: Path) -> None:
    """A command on older tables names `plugdesk upgrade`, which then mends it."""
    db = Database(f"sqlite:///{site_folder / 'plugdesk.db'}")
    with db.write() as session:
        session.execute(text("DELETE FROM alembic_version"))
    result = run("user", "list", "--site", site_folder)
    assert result.exit_code == 1
    assert "plugdesk upgrade" in result.stderr
    with db.write() as session:
        session.execute(text("INSERT INTO alembic_version VALUES ('9999')"))
    db.close()
    assert "newer version" in run("upgrade", "--site", site_folder).stderr


def test_upgrade_may_be_called_again(run: Run, site_folder: Path) -> None:
    """On an up-to-date database it changes nothing and says so."""
    result = run("upgrade", "--site", site_folder)
    assert result.exit_code == 0
    assert "up to date" in result.output


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("postgresql://desk:hunter2@db/desk", "postgresql://desk:***@db/desk"),
        ("password='hunter 2' user=x", "password=*** user=x"),
        ('{"api_key": "hunter2", "a": 1}', '{"api_key": ***, "a": 1}'),
        ("Authorization: Bearer hunter2", "Authorization: Bearer ***"),
        ("https://host.example/path", "https://host.example/path"),
    ],
)
def test_logs_have_no_secrets(text: str, clean: str) -> None:
    """What looks like a secret is replaced."""
    assert without_secrets(text) == clean


def test_a_record_is_one_line() -> None:
    """Time in UTC, level, logger and message; line breaks and escapes cannot forge a record."""
    record = logging.LogRecord(
        "plugdesk.intake", logging.WARNING, __file__, 1, "from %s", ("a\nb\x1b[31m",), None
    )
    record.created, record.msecs = 0, 7
    line = "1970-01-01T00:00:00.007Z WARNING plugdesk.intake: from a\\nb\\x1b[31m"
    assert OneLine().format(record) == line
