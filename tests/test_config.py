"""A site's configuration, and sentences for what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugdesk.config import load_config
from plugdesk.db import Database
from plugdesk.errors import ConfigError


def site(folder: Path, text: str = "") -> Path:
    """Make a configuration file; returns its folder."""
    (folder / "plugdesk.toml").write_text(text, encoding="utf-8")
    return folder


def test_options_win_over_variables_and_those_over_the_file(tmp_path: Path) -> None:
    """An empty variable is none, and an option that was not given neither."""
    folder = site(tmp_path, 'port = 1\nhost = "file"\ntimezone = "Asia/Seoul"')
    environ = {
        "PLUGDESK_PORT": "2",
        "PLUGDESK_HOST": "variable",
        "PLUGDESK_TIMEZONE": "",
        "HOME": "/",
    }

    config = load_config(folder, environ=environ, port=3, host=None)

    assert (config.port, config.host, config.timezone) == (3, "variable", "Asia/Seoul")
    assert config.folder == tmp_path.resolve()


def test_lists_are_written_with_commas(tmp_path: Path) -> None:
    """Spaces around them do no harm."""
    environ = {"PLUGDESK_TRUSTED_HOSTS": "a.test, b.test"}

    assert load_config(site(tmp_path), environ=environ).trusted_hosts == ["a.test", "b.test"]


@pytest.mark.parametrize(
    ("text", "environ", "words"),
    [
        ("port = 1\nprot = 2", {}, ["prot", "no such setting"]),
        ("", {"PLUGDESK_PROT": "1"}, ["prot", "no such setting"]),
        ('folder = "/elsewhere"', {}, ["folder", "no such setting"]),
        ("port = 70000", {}, ["port"]),
        ("", {"PLUGDESK_PORT": "many"}, ["port"]),
        ("", {"PLUGDESK_UNDO_SECONDS": "-1"}, ["undo_seconds"]),
        ("", {"PLUGDESK_LANGUAGE": "tlh"}, ["language"]),
        ("port = ", {}, ["TOML"]),
        ("[port]\nx = 1", {}, ["port"]),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, text: str, environ: dict[str, str], words: list[str]
) -> None:
    """Each setting with a sentence, and where to look."""
    with pytest.raises(ConfigError) as caught:
        load_config(site(tmp_path, text), environ=environ)

    for word in (*words, "" if "folder" in words else "plugdesk.toml"):
        assert word in str(caught.value)


def test_a_folder_without_a_site_says_how_to_make_one(tmp_path: Path) -> None:
    """With the command."""
    with pytest.raises(ConfigError, match="plugdesk init"):
        load_config(tmp_path, environ={})


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    """Neither broken characters nor a folder of that name end in a traceback."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "plugdesk.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "b" / "plugdesk.toml").mkdir(parents=True)

    for name in ("a", "b"):
        with pytest.raises(ConfigError, match=r"plugdesk\.toml"):
            load_config(tmp_path / name, environ={})


def test_variables_of_others_are_left_alone(tmp_path: Path) -> None:
    """The site's folder, the tests' corpora, and switches that are no settings."""
    names = ["SITE", "CORPORA", "DEBUG", "TRACE_HOOKS"]

    load_config(site(tmp_path), environ={f"PLUGDESK_{name}": "1" for name in names})


@pytest.mark.parametrize(
    "url", ["nonsense", "", "sqlite://", "sqlite:///:memory:", "mysql://u:canary@h/d", "http://x"]
)
def test_a_database_that_cannot_be_ours_is_refused(url: str) -> None:
    """With a sentence that does not repeat a password."""
    with pytest.raises(ConfigError) as caught:
        Database(url)

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_is_known_by_its_usual_names(scheme: str) -> None:
    """The driver need not be named."""
    database = Database(f"{scheme}://user:p%40ss@host/name")

    assert database.dialect == "postgresql"
    assert database.writer.url.drivername == "postgresql+psycopg"
    assert database.writer.url.password == "p@ss"
    database.close()
