"""`plugdesk init`: a site, or nothing."""

from __future__ import annotations

import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from plugdesk.cli.config_file import render
from plugdesk.config import SiteConfig, load_config
from plugdesk.db import Database, migrate
from plugdesk.errors import ConfigError

from .conftest import Run


def test_makes_a_site_that_can_be_opened(run: Run, tmp_path: Path) -> None:
    """The folder gets settings, a key that only its owner reads, tables and a blobs folder."""
    folder = tmp_path / "a" / "shop"
    result = run("init", folder)
    assert result.exit_code == 0, result.output
    assert f"plugdesk serve --site {folder}" in result.output
    assert stat.S_IMODE((folder / "secret.key").stat().st_mode) == 0o600
    assert (folder / "blobs").is_dir()
    config = load_config(folder, environ={})
    db = Database(config.database_url)
    assert migrate.is_current(db)
    db.close()


def test_no_other_user_can_read_a_site(tmp_path: Path) -> None:
    """Whatever the umask of the shell, every file and folder of a site is its owner's alone."""
    folder = tmp_path / "shop"
    command = [sys.executable, "-m", "plugdesk.cli", "init", str(folder)]
    subprocess.run(command, check=True, capture_output=True, umask=0)

    made = [folder, *folder.rglob("*")]
    assert len(made) > 3
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_the_folder_may_come_from_site(run: Run, tmp_path: Path) -> None:
    """`--site`, before or after the command, and PLUGDESK_SITE name the folder too."""
    assert run("--site", tmp_path / "one", "init").exit_code == 0
    assert run("init", "--site", tmp_path / "two").exit_code == 0
    assert run("init", env={"PLUGDESK_SITE": str(tmp_path / "three")}).exit_code == 0
    names = sorted(path.parent.name for path in tmp_path.glob("*/plugdesk.toml"))
    assert names == ["one", "three", "two"]


def test_a_site_that_is_there_stays(run: Run, site_folder: Path) -> None:
    """A second init refuses with a sentence and changes nothing."""
    before = {path: path.read_bytes() for path in site_folder.iterdir() if path.is_file()}
    result = run("init", site_folder)
    assert result.exit_code == 1
    assert "There is a site in" in result.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_parts_of_a_site_are_not_taken_for_an_empty_folder(run: Run, site_folder: Path) -> None:
    """A secret key without settings is somebody's broken site, not a place for a new one."""
    (site_folder / "plugdesk.toml").unlink()
    result = run("init", site_folder)
    assert result.exit_code == 1
    assert "Restore the missing file" in result.stderr


def test_a_failed_init_leaves_nothing(run: Run, tmp_path: Path) -> None:
    """A database that does not answer is a sentence, without the password; nothing is left."""
    url = "postgresql+psycopg://desk:hunter2@127.0.0.1:1/desk"
    result = run("init", tmp_path / "shop", "--database", url)
    assert result.exit_code == 1
    assert "The database cannot be used" in result.stderr
    assert "hunter2" not in result.output
    assert list((tmp_path / "shop").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--database", "mysql://localhost/x"], "not in mysql"),
        (["--database", "nonsense"], "address of the database cannot be read"),
        (["--timezone", "Mars/Base"], "There is no time zone Mars/Base"),
    ],
)
def test_wrong_choices_are_sentences(
    run: Run, tmp_path: Path, options: list[str], sentence: str
) -> None:
    """What cannot be is refused before anything is made."""
    result = run("init", tmp_path / "shop", *options)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert not (tmp_path / "shop" / "plugdesk.toml").exists()


def test_the_settings_file_explains_every_setting() -> None:
    """Each setting stands there with its default; with the # taken away the file still reads."""
    text = render({"language": "ko"})
    assert tomllib.loads(text) == {"language": "ko"}
    all_in_force = "\n".join(
        line.removeprefix("# ") if " = " in line else line for line in text.splitlines()
    )
    values = tomllib.loads(all_in_force)
    assert values.keys() == SiteConfig.model_fields.keys() - {"folder"}
    defaults = SiteConfig(folder=Path("/x"), language="ko").model_dump(exclude={"folder"})
    assert values == defaults


def test_variables_win_over_the_file(site_folder: Path) -> None:
    """PLUGDESK_* variables replace what the file says; the command's own options win over both."""
    environ = {"PLUGDESK_PORT": "9000", "PLUGDESK_TRUSTED_HOSTS": "a.example, b.example"}
    config = load_config(site_folder, environ=environ, port=9001)
    assert config.port == 9001
    assert config.trusted_hosts == ["a.example", "b.example"]
    assert load_config(site_folder, environ=environ).port == 9000


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("prot = 9000", "prot: there is no such setting"),
        ("port = 99999", "port: "),
        ("port = ", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named(run: Run, site_folder: Path, line: str, sentence: str) -> None:
    """A mistake in plugdesk.toml ends every command with the setting's name."""
    (site_folder / "plugdesk.toml").write_text(line)
    result = run("user", "list", "--site", site_folder)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.output


def test_a_folder_without_a_site_says_how_to_make_one(tmp_path: Path) -> None:
    """The error names the command that makes a site there."""
    with pytest.raises(ConfigError, match="plugdesk init"):
        load_config(tmp_path)
