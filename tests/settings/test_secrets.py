"""Secrets at rest, and settings between form and database."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugdesk.errors import ConfigError
from plugdesk.settings.forms import (
    InvalidSettings,
    dump_settings,
    load_settings,
    validate_settings,
)
from plugdesk.settings.secrets import Keys
from pydantic import BaseModel, Field, SecretStr

KEYS = Keys(os.urandom(32))


class Sample(BaseModel):
    """Settings of a channel that is made up."""

    host: str = Field(min_length=1)
    port: int = 993
    password: SecretStr


def test_the_key_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    """Only its owner may read the key, and making it twice fails."""
    path = tmp_path / "secret.key"
    Keys.create_file(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        Keys.create_file(path)
    assert Keys.from_file(path).sign("a", "b") == Keys.from_file(path).sign("a", "b")


def test_a_missing_or_damaged_key_file_says_what_to_do(tmp_path: Path) -> None:
    """Both are sentences, not tracebacks."""
    path = tmp_path / "secret.key"
    with pytest.raises(ConfigError, match="restore it"):
        Keys.from_file(path)
    path.write_text("nonsense")
    with pytest.raises(ConfigError, match="damaged"):
        Keys.from_file(path)


@given(st.text())
def test_what_is_encrypted_comes_back(text: str) -> None:
    """Any secret survives, and does not stand in its encrypted form."""
    token = KEYS.encrypt(text)

    assert KEYS.decrypt(token) == text
    assert len(text) < 4 or text not in token


def test_another_key_cannot_read_it() -> None:
    """A database without its key gives no secret away."""
    with pytest.raises(ConfigError, match="Enter it again"):
        Keys(os.urandom(32)).decrypt(KEYS.encrypt("secret"))


def test_purposes_do_not_mix() -> None:
    """A signature for one purpose is none for another."""
    assert not KEYS.verify("reset", "7", KEYS.sign("reply", "7"))
    assert not KEYS.verify("reply", "7", "")


def test_secrets_of_settings_are_encrypted_in_the_database() -> None:
    """What is stored does not contain the password, and reads back whole."""
    settings = validate_settings(Sample, {"host": "h", "password": "canary-7f3a"})

    stored = dump_settings(KEYS, settings)

    assert "canary-7f3a" not in str(stored)
    assert load_settings(KEYS, Sample, stored) == settings


def test_an_empty_secret_keeps_the_old_one() -> None:
    """An owner who changes the port need not type the password again."""
    old = validate_settings(Sample, {"host": "h", "password": "secret"})

    new = validate_settings(Sample, {"host": "h", "port": 143, "password": ""}, kept=old)

    assert new.password.get_secret_value() == "secret"
    assert new.port == 143


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"host": "", "password": "x"}, "host"),
        ({"host": "h", "port": "many", "password": "x"}, "port"),
        ({"host": "h", "password": "x", "role": "owner"}, "role"),
        ({"host": "h"}, "password"),
    ],
)
def test_names_each_field_that_is_wrong(values: dict[str, object], field: str) -> None:
    """Wrong, missing and unknown settings are named, and no value is repeated."""
    with pytest.raises(InvalidSettings) as caught:
        validate_settings(Sample, values)

    assert list(caught.value.problems) == [field]
    assert "many" not in str(caught.value)
