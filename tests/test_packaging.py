"""What an installation consists of: versions, types, the locks, and the built wheels."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from shutil import copy, copytree
from typing import Any

import plugdesk
import pytest

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
UNREACHABLE = {**os.environ, "npm_config_registry": "http://127.0.0.1:9/"}

each_plugin = pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)


def project(folder: Path) -> dict[str, Any]:
    """Return the pyproject.toml of a distribution."""
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))


def name_of(requirement: str) -> str:
    """Return the normalised name of the distribution that a requirement line asks for."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def build(folder: Path, into: Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Build the wheel of a distribution as pip would; return the status and what was said."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    run = subprocess.run(
        [*command, "--directory", str(into)],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def content_of(folder: Path) -> list[str]:
    """Return the names in the one wheel of a folder."""
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def data_files(package: Path) -> set[str]:
    """Return the files of a package in the checkout that are data, as a wheel names them."""
    return {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }


@each_plugin
def test_versions_move_in_lock_step(folder: Path) -> None:
    """Every plugin of ours has the version of core, and says that it fits core of that version."""
    core = project(ROOT)["project"]["version"]
    plugin = project(folder)["project"]
    assert plugin["version"] == core
    major, minor, _ = core.split(".")
    fits = f"plugdesk>={major}.{minor},<{major}.{int(minor) + 1}"
    assert fits in plugin["dependencies"]


def test_the_package_tells_its_version() -> None:
    """`plugdesk.__version__` is the version of the distribution."""
    assert plugdesk.__version__ == project(ROOT)["project"]["version"]


@pytest.mark.parametrize(
    "package",
    [ROOT / "core/plugdesk", *(found for folder in PLUGINS for found in folder.glob("plugdesk_*"))],
    ids=lambda package: package.name,
)
def test_every_package_ships_its_types(package: Path) -> None:
    """A type checker may rely on the annotations of every package."""
    assert (package / "py.typed").is_file()


def test_all_installs_every_first_party_plugin() -> None:
    """`plugdesk[all]` names each plugin of this repository."""
    named = {name_of(line) for line in project(ROOT)["project"]["optional-dependencies"]["all"]}
    assert {project(folder)["project"]["name"] for folder in PLUGINS} == named


def locked() -> dict[str, list[str]]:
    """Return the hashes in requirements.lock by the name and version that they belong to."""
    text = (ROOT / "requirements.lock").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pins: dict[str, list[str]] = {}
    for line in lines:
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        pins[requirement] = hashes
    return pins


def test_the_lock_pins_and_hashes_every_line() -> None:
    """Each line names one exact version and at least one SHA-256, and nothing else."""
    for requirement, hashes in locked().items():
        assert re.match(r"[a-z0-9][a-z0-9._-]*==[^ ]+( ;.*)?$", requirement)
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", found) for found in hashes), requirement


def test_the_lock_names_no_address() -> None:
    """Where the files come from is the business of the machine that installs."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    assert "index" not in text
    assert "find-links" not in text


@pytest.mark.parametrize("folder", [ROOT, *PLUGINS], ids=lambda folder: folder.name)
def test_the_lock_holds_every_requirement(folder: Path) -> None:
    """What a pyproject.toml asks for, to run, to test, to develop or to build, is in the lock."""
    asked = project(folder)
    extras = asked["project"].get("optional-dependencies", {}).values()
    groups = asked.get("dependency-groups", {}).values()
    lists = [asked["build-system"]["requires"], asked["project"]["dependencies"], *extras, *groups]
    names = {name_of(line) for lines in lists for line in lines}
    ours = {project(known)["project"]["name"] for known in [ROOT, *PLUGINS]}
    pinned = {name_of(requirement) for requirement in locked()}
    assert names - ours <= pinned, "run `make lock`"


def test_browser_libraries_are_pinned_by_hash_without_address() -> None:
    """The npm lock holds an exact version and a hash for each library, and no place to get it."""
    asked = json.loads((ROOT / "package.json").read_text("utf-8"))["dependencies"]
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for name, version in asked.items():
        assert lock[f"node_modules/{name}"]["version"] == version
    for place, package in lock.items():
        assert not place or package["integrity"].startswith("sha512-")
        assert "resolved" not in package


@pytest.fixture(scope="module")
def core_wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Build core's wheel and return the names in it."""
    into = tmp_path_factory.mktemp("wheel")
    status, said = build(ROOT, into)
    assert status == 0, said
    return content_of(into)


def test_the_wheel_of_core_holds_core_alone(core_wheel: list[str]) -> None:
    """Nothing of a plugin, a theme, the tests or the build gets into the wheel."""
    tops = {name.split("/")[0] for name in core_wheel}
    version = project(ROOT)["project"]["version"]
    assert tops == {"plugdesk", f"plugdesk-{version}.dist-info"}


def test_the_wheel_of_core_holds_all_that_pages_need(core_wheel: list[str]) -> None:
    """Templates, translations, types and other data are in the wheel."""
    assert data_files(ROOT / "core/plugdesk") <= set(core_wheel)
    assert "plugdesk/py.typed" in core_wheel


@pytest.mark.parametrize("library", ["htmx", "squire", "purify"])
def test_the_wheel_of_core_holds_the_browser_libraries(core_wheel: list[str], library: str) -> None:
    """Each library is there with its licence, and states its version."""
    vendor = "plugdesk/static/vendor"
    assert f"{vendor}/{library}.js" in core_wheel
    assert f"{vendor}/{library}.LICENSE.txt" in core_wheel
    manifest = json.loads((ROOT / "core" / vendor / "vendor.json").read_text("utf-8"))
    facts = manifest["files"][f"{library}.js"]
    script = (ROOT / "core" / vendor / f"{library}.js").read_text("utf-8")
    assert script.startswith(f"/*! {facts['package']} {facts['version']} | {facts['licence']} */")


@each_plugin
def test_the_wheel_of_a_plugin_holds_the_plugin_alone(folder: Path, tmp_path: Path) -> None:
    """A plugin's wheel has its own package with its data, its entry point, and nothing else."""
    status, said = build(folder, tmp_path)
    assert status == 0, said
    names = content_of(tmp_path)
    (package,) = folder.glob("plugdesk_*")
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {package.name}
    assert data_files(package) <= set(names)
    assert "plugdesk" in project(folder)["project"]["entry-points"]


def test_building_again_needs_no_network(core_wheel: list[str], tmp_path: Path) -> None:
    """Libraries that are there and match the lock are kept; npm does not run."""
    status, said = build(ROOT, tmp_path, UNREACHABLE)
    assert status == 0, said
    assert sorted(content_of(tmp_path)) == sorted(core_wheel)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of all that the build hook reads, without the browser libraries."""
    names = "pyproject.toml README.md hatch_build.py package.json package-lock.json .npmrc"
    for name in names.split():
        copy(ROOT / name, tmp_path)
    copytree(ROOT / "core/plugdesk/contract", tmp_path / "core/plugdesk/contract")
    return tmp_path


def test_a_build_without_npm_says_so_in_a_sentence(checkout: Path) -> None:
    """When the registry cannot be reached, the build ends with a sentence and no traceback."""
    status, said = build(checkout, checkout / "dist", UNREACHABLE)
    assert status != 0
    assert "could not be fetched" in said
    assert "install again" in said
    assert "Traceback" not in said


def test_a_changed_library_is_fetched_again(core_wheel: list[str], checkout: Path) -> None:
    """A vendor folder that somebody edited does not pass for the locked one."""
    vendor = "core/plugdesk/static/vendor"
    copytree(ROOT / vendor, checkout / vendor)
    with (checkout / vendor / "htmx.js").open("a") as script:
        script.write("// changed")
    status, said = build(checkout, checkout / "dist", UNREACHABLE)
    assert status != 0
    assert "could not be fetched" in said
