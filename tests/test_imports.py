"""The rules of who may import whom, and of modules that nobody imports, read from the source."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "core/plugdesk"
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
FACES = ("plugdesk.desk", "plugdesk.portal", "plugdesk.admin")
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle"}
UNSAFE_YAML = {"load", "load_all", "unsafe_load", "unsafe_load_all", "full_load", "full_load_all"}

each_plugin = pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)


@dataclass(frozen=True)
class Import:
    """One imported name with its full path, and the place that imports it."""

    name: str
    place: str

    @property
    def top(self) -> str:
        """The top-level package."""
        return self.name.split(".")[0]

    def within(self, *packages: str) -> bool:
        """Say whether the name is one of the packages or something inside them."""
        return any(self.name == one or self.name.startswith(f"{one}.") for one in packages)


def module_name(path: Path, above: Path) -> str:
    """Return the dotted name of a source file, seen from the folder above its package."""
    parts = path.relative_to(above).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_in(source: str, module: str, place: str, *, package: bool = False) -> Iterator[Import]:
    """Yield every import of a source text, relative ones resolved, `from a import b` as `a.b`."""
    for node in ast.walk(ast.parse(source)):
        where = f"{place}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, where) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve(node, module, package=package)
            yield from (Import(f"{base}.{alias.name}", where) for alias in node.names)


def resolve(node: ast.ImportFrom, module: str, *, package: bool) -> str:
    """Return the full name of the module that a `from` statement imports from."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    up = node.level - 1 if package else node.level
    base = parts[: len(parts) - up] if up else parts
    return ".".join([*base, node.module] if node.module else base)


def imports_of(folder: Path, above: Path) -> Iterator[Import]:
    """Yield the imports of every source file below a folder."""
    for path in sorted(folder.rglob("*.py")):
        yield from imports_in(
            path.read_text("utf-8"),
            module_name(path, above),
            path.relative_to(ROOT).as_posix(),
            package=path.name == "__init__.py",
        )


def shown(offences: list[Import]) -> list[str]:
    """Return offences as lines for the failure."""
    return [f"{one.place} imports {one.name}" for one in offences]


def third_party(found: Import) -> bool:
    """Say whether an import is neither ours nor of the standard library."""
    return (
        found.top not in sys.stdlib_module_names
        and found.top != "plugdesk"
        and not found.top.startswith("plugdesk_")
    )


def project(folder: Path) -> dict[str, Any]:
    """Return the pyproject.toml of a distribution."""
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))


def names(requirements: list[str]) -> set[str]:
    """Return the normalised names in requirement lines."""
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements)
    return {normalised(one[0]) for one in found if one}


def normalised(name: str) -> str:
    """Return a distribution's name as the index would compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def undeclared(found: list[Import], declared: set[str]) -> list[Import]:
    """Return the third-party imports that no declared distribution provides."""
    providers = packages_distributions()
    return [
        one
        for one in found
        if third_party(one)
        and not declared & {normalised(name) for name in providers.get(one.top, [])}
    ]


def test_the_reader_resolves_every_form_of_import() -> None:
    """Relative, nested and type-only imports are all seen, with their full names."""
    source = (
        "import a.b\nfrom . import views\nfrom ..other import thing\n"
        "def f():\n    from x import y\nif TYPE_CHECKING:\n    import z\n"
    )
    found = {one.name for one in imports_in(source, "plugdesk.slice.operations", "here")}
    expected = {"a.b", "plugdesk.slice.views", "plugdesk.other.thing", "x.y", "z"}
    assert found == expected
    inside = imports_in("from .part import name", "plugdesk.slice", "here", package=True)
    assert [one.name for one in inside] == ["plugdesk.slice.part.name"]


def test_core_imports_no_plugin() -> None:
    """Core knows plugins through entry points and hooks alone."""
    offences = [one for one in imports_of(CORE, ROOT / "core") if one.top.startswith("plugdesk_")]
    assert shown(offences) == []


def test_core_imports_only_what_it_declares() -> None:
    """Every third-party package that core imports is a dependency in pyproject.toml.

    The test kit may use the `testing` extra, and PostgreSQL its own.
    """
    core = project(ROOT)["project"]
    extras = core["optional-dependencies"]
    declared = names(core["dependencies"] + extras["postgresql"])
    kit = declared | names(extras["testing"])
    found = list(imports_of(CORE, ROOT / "core"))
    in_kit = [one for one in found if one.place.startswith("core/plugdesk/testing/")]
    elsewhere = [one for one in found if one not in in_kit]
    assert shown(undeclared(elsewhere, declared) + undeclared(in_kit, kit)) == []


@each_plugin
def test_a_plugin_imports_only_the_contract(folder: Path) -> None:
    """Of ours, a plugin imports `plugdesk.plugin`, itself, and plugins that it depends on."""
    needed = names(project(folder)["project"]["dependencies"])
    for package in folder.glob("plugdesk_*"):
        allowed = {"plugdesk.plugin", package.name}
        allowed |= {name.replace("-", "_") for name in needed if name.startswith("plugdesk-")}
        ours = [one for one in imports_of(package, folder) if one.top.startswith("plugdesk")]
        assert shown([one for one in ours if not one.within(*allowed)]) == []


@each_plugin
def test_the_tests_of_a_plugin_import_only_the_contract_and_the_kit(folder: Path) -> None:
    """A plugin's tests pass outside this repository: they add only `plugdesk.testing`."""
    needed = names(project(folder)["project"]["dependencies"])
    allowed = {"plugdesk.plugin", "plugdesk.testing", *(p.name for p in folder.glob("plugdesk_*"))}
    allowed |= {name.replace("-", "_") for name in needed if name.startswith("plugdesk-")}
    ours = [
        one
        for one in imports_of(folder / "tests", folder)
        if one.top.startswith("plugdesk") and not one.within(*allowed)
    ]
    assert shown(ours) == []


@each_plugin
def test_a_plugin_imports_only_what_it_declares(folder: Path) -> None:
    """Every third-party package that a plugin imports is a dependency of its own."""
    declared = names(project(folder)["project"]["dependencies"])
    found = [one for package in folder.glob("plugdesk_*") for one in imports_of(package, folder)]
    assert shown(undeclared(found, declared)) == []


@each_plugin
def test_the_tests_of_a_plugin_use_only_the_kit(folder: Path) -> None:
    """A plugin's tests need nothing but its own dependencies and `plugdesk[testing]`."""
    kit = project(ROOT)["project"]["optional-dependencies"]["testing"]
    declared = names(project(folder)["project"]["dependencies"] + kit)
    here = {path.stem for path in (folder / "tests").rglob("*.py")}
    found = [one for one in imports_of(folder / "tests", folder) if one.top not in here]
    outside = [one for one in found if one.top != "tests"]
    assert shown(undeclared(outside, declared)) == []


def is_of_a_slice(path: Path) -> bool:
    """Say whether a module holds operations or models: no view, nothing of a face."""
    parts = path.relative_to(CORE).with_suffix("").parts
    return any(part.startswith(("operations", "models")) for part in parts)


def test_operations_and_models_never_import_views() -> None:
    """What writes knows nothing of pages: no module of views, nothing of desk, portal or admin."""
    paths = [path for path in CORE.rglob("*.py") if is_of_a_slice(path)]
    assert paths
    offences = [
        one
        for path in paths
        for one in imports_in(
            path.read_text("utf-8"),
            module_name(path, ROOT / "core"),
            path.relative_to(ROOT).as_posix(),
            package=path.name == "__init__.py",
        )
        if one.within(*FACES)
        or (one.top == "plugdesk" and any(p.startswith("views") for p in one.name.split(".")))
    ]
    assert shown(offences) == []


def sources() -> list[Path]:
    """Return every Python file of the repository."""
    folders = ("core", "plugins", "themes", "tests", "bench", "scripts")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted([*found, ROOT / "hatch_build.py"])


def unsafe_uses(source: str, place: str) -> Iterator[str]:
    """Yield the places that import or call what turns bytes into objects or code (S45)."""
    for one in imports_in(source, "module", place):
        if one.top in UNSAFE_MODULES:
            yield f"{one.place} imports {one.name}"
        if one.top == "yaml" and one.name.split(".")[-1] in UNSAFE_YAML:
            yield f"{one.place} imports {one.name}"
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = node.func.value
        if isinstance(owner, ast.Name) and owner.id == "yaml" and node.func.attr in UNSAFE_YAML:
            yield f"{place}:{node.lineno} calls yaml.{node.func.attr}"


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from marshal import loads", "import yaml\nyaml.load(x)"],
)
def test_the_reader_sees_unsafe_loading(source: str) -> None:
    """The check that follows does find what it looks for."""
    assert list(unsafe_uses(source, "here"))


def test_nothing_loads_objects_from_bytes() -> None:
    """No module uses pickle, marshal, shelve or yaml.load: data never becomes code (S45)."""
    offences = [
        use
        for path in sources()
        for use in unsafe_uses(path.read_text("utf-8"), path.relative_to(ROOT).as_posix())
    ]
    assert offences == []
