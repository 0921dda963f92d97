"""Blobs are named by their content and are there once their names are known."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugdesk.blobs.store import FolderBlobs, ObjectBlobs, open_blobs
from plugdesk.errors import NotFound


@pytest.fixture(params=["folder", "object store"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> FolderBlobs | ObjectBlobs:
    """Both kinds of store; the object store is obstore over a local folder."""
    if request.param == "folder":
        return FolderBlobs(tmp_path / "blobs")
    (tmp_path / "objects").mkdir()
    return ObjectBlobs((tmp_path / "objects").as_uri())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(st.binary(max_size=200), max_size=5))
def test_gives_back_what_it_got(blobs: FolderBlobs | ObjectBlobs, contents: list[bytes]) -> None:
    """Every content comes back under its SHA-256, however often it is stored."""
    names = blobs.put_many(contents)

    assert names == [hashlib.sha256(content).hexdigest() for content in contents]
    assert [blobs.get(name) for name in names] == contents


def test_says_what_is_missing(blobs: FolderBlobs | ObjectBlobs) -> None:
    """An unknown name is a clear error that says what to do."""
    with pytest.raises(NotFound, match="Restore"):
        blobs.get("0" * 64)


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk refuses, neither a blob nor a temporary file remains (case C18)."""
    blobs = FolderBlobs(tmp_path)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        blobs.put_many([b"mail"])

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_configuration_chooses_the_store(tmp_path: Path) -> None:
    """Empty means the site's own folder, an address means an object store."""
    assert isinstance(open_blobs("", tmp_path), FolderBlobs)
    assert isinstance(open_blobs(tmp_path.as_uri(), tmp_path), ObjectBlobs)
