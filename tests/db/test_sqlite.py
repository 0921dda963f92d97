"""Which SQLite may serve several processes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from plugdesk.db import sqlite
from plugdesk.errors import ConfigError


@pytest.mark.parametrize("version", [(3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 53, 4), (4, 0, 0)])
def test_versions_without_the_fault_may_serve_several(version: tuple[int, ...]) -> None:
    """The first release without the WAL-reset fault, its backports, and all after it."""
    assert sqlite.is_safe(version)


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 44, 5), (3, 50, 6), (3, 51, 2)])
def test_an_older_one_keeps_to_one_process(
    version: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second process is refused with a sentence that says what to do instead."""
    old = SimpleNamespace(sqlite_version_info=version, sqlite_version=".".join(map(str, version)))
    monkeypatch.setattr(sqlite, "driver", lambda: old)

    with pytest.raises(ConfigError, match="PostgreSQL"):
        sqlite.require_several_processes()


def test_ours_may_serve_several() -> None:
    """The SQLite that is installed with the desk passes."""
    sqlite.require_several_processes()
