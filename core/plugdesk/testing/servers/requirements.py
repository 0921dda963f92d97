"""Which programs the servers need, and what a test does without them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

POSTGRES_FOLDER = Path("/usr/lib/postgresql")


def find_program(name: str) -> Path | None:
    """Return where a program lies, also when the path of the shell leaves out /usr/sbin."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def find_postgres() -> Path | None:
    """Return the folder of the newest PostgreSQL server's programs, or None."""
    folders = [path.parent for path in POSTGRES_FOLDER.glob("*/bin/initdb")]
    return max(folders, key=lambda folder: _as_number(folder.parent.name), default=None)


def _as_number(version: str) -> float:
    try:
        return float(version)
    except ValueError:
        return 0.0


FINDERS: Mapping[str, Callable[[], Path | None]] = {
    "dovecot-imapd": lambda: find_program("dovecot"),
    "postgresql": find_postgres,
    "chromium": lambda: find_program("chromium"),
}


def missing(package: str) -> str | None:
    """Return a sentence that says what is missing, or None when the package is installed.

    *package* is a key of `FINDERS`: the name of a Debian package.
    """
    if FINDERS[package]() is not None:
        return None
    return (
        f"This test needs the Debian package {package}. "
        f"Install it with: apt-get install --no-install-recommends {package}"
    )


def require(package: str) -> Path:
    """Return where the package's program lies.

    Without it the running test is skipped; with CI=true it fails, so that a build never passes
    by leaving tests out.
    """
    sentence = missing(package)
    if sentence is not None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)
    found = FINDERS[package]()
    assert found is not None
    return found
