"""Content-addressed blobs: raw mail and attachments, named by their SHA-256.

A local folder is written by ourselves, because a blob has to be on the disk before the row that
names it is committed, and obstore's local store does not sync. Everything else goes through
obstore, whose object stores answer only once the object is durable.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import obstore
from obstore.store import from_url

from plugdesk.errors import NotFound
from plugdesk.i18n import lazy_gettext


def content_hash(content: bytes) -> str:
    """Return the name under which `content` is stored."""
    return hashlib.sha256(content).hexdigest()


class BlobStore(Protocol):
    """Where bytes lie."""

    def put_many(self, contents: Iterable[bytes]) -> list[str]:
        """Store all durably and return their names. What is there already stays as it is."""

    def get(self, name: str) -> bytes:
        """Return the bytes. Raises NotFound."""


class FolderBlobs:
    """Blobs in a local folder, two levels deep."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put_many(self, contents: Iterable[bytes]) -> list[str]:
        """Store all durably; each folder that got a file is synced once."""
        names: list[str] = []
        touched: set[Path] = set()
        for content in contents:
            name = content_hash(content)
            names.append(name)
            path = self._path(name)
            if not path.exists():
                touched.update(_make_folder(path.parent))
                _write_synced(path, content)
            touched.add(path.parent)
        for folder in touched:
            _sync_folder(folder)
        return names

    def get(self, name: str) -> bytes:
        """Return the bytes. Raises NotFound."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            msg = lazy_gettext(
                "The stored file %(name)s… is missing. Restore the blobs from your backup.",
                name=name[:12],
            )
            raise NotFound(msg) from None

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


class ObjectBlobs:
    """Blobs in an object store that several hosts share."""

    def __init__(self, url: str) -> None:
        self._store = from_url(url)

    def put_many(self, contents: Iterable[bytes]) -> list[str]:
        """Store all durably and return their names."""
        names: list[str] = []
        for content in contents:
            name = content_hash(content)
            obstore.put(self._store, f"{name[:2]}/{name}", content)
            names.append(name)
        return names

    def get(self, name: str) -> bytes:
        """Return the bytes. Raises NotFound."""
        try:
            return bytes(obstore.get(self._store, f"{name[:2]}/{name}").bytes())
        except FileNotFoundError:
            msg = lazy_gettext(
                "The stored object %(name)s… is missing. Restore it from your backup.",
                name=name[:12],
            )
            raise NotFound(msg) from None


def open_blobs(address: str, site_folder: Path) -> BlobStore:
    """Return the store at `address`: empty for the site's own folder, a path, or an address."""
    if "://" in address:
        return ObjectBlobs(address)
    return FolderBlobs(Path(address) if address else site_folder / "blobs")


def _make_folder(folder: Path) -> set[Path]:
    if folder.exists():
        return set()
    folder.mkdir(parents=True, exist_ok=True)
    return {folder.parent}


def _write_synced(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
