"""Finding plugins by what their distributions declare, without importing them."""

from __future__ import annotations

import importlib.metadata
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import plugdesk
from plugdesk.db import Base, models
from plugdesk.i18n import LazyText, lazy_gettext
from plugdesk.plugins.states import State

GROUP = "plugdesk"
#: `core` is the scope of the site's own settings.
_RESERVED = frozenset({"alembic", "core", "plugdesk", "sqlite"})
_TABLES = tuple(Base.metadata.tables) if models else ()
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An installed plugin, known by its metadata alone."""

    name: str
    version: str
    summary: str
    distribution: str
    entry_point: EntryPoint
    state: State = State.OFF
    """`incompatible` or `held` when it cannot be imported, with the reason."""
    reason: str | LazyText = ""


def find_plugins(distributions: Iterable[Distribution] | None = None) -> dict[str, Found]:
    """Return the plugins of the given, or of all installed, distributions, by name in order."""
    by_name: defaultdict[str, list[Found]] = defaultdict(list)
    for distribution in _each_once(distributions):
        for entry_point in distribution.entry_points:
            if entry_point.group == GROUP:
                by_name[entry_point.name].append(_found(distribution, entry_point))
    return {name: _only_one(by_name[name]) for name in sorted(by_name)}


def _each_once(distributions: Iterable[Distribution] | None) -> Iterator[Distribution]:
    """Yield each distribution once: of several copies on the path, imports use the first."""
    seen: set[str] = set()
    everywhere = importlib.metadata.distributions() if distributions is None else distributions
    for distribution in everywhere:
        # A half-removed installation has a folder without metadata.
        name = canonicalize_name(_field(distribution, "Name"))
        if name and name not in seen:
            seen.add(name)
            yield distribution


def _field(distribution: Distribution, name: str) -> str:
    found = distribution.metadata
    return found[name] if name in found else ""  # noqa: SIM401 - it has no `get` before 3.12


def _found(distribution: Distribution, entry_point: EntryPoint) -> Found:
    state, reason = State.OFF, _name_problem(entry_point.name)
    if reason:
        state = State.HELD
    else:
        reason = _incompatibility(distribution)
        state = State.INCOMPATIBLE if reason else State.OFF
    return Found(
        name=entry_point.name,
        version=distribution.version,
        summary=_field(distribution, "Summary"),
        distribution=distribution.metadata["Name"],
        entry_point=entry_point,
        state=state,
        reason=reason,
    )


def _name_problem(name: str) -> str | LazyText:
    if not _NAME.fullmatch(name):
        return lazy_gettext(
            "%(name)s cannot be a plugin's name. Its author has to choose one of at most 40 small"
            " letters, digits and underscores that starts with a letter.",
            name=repr(name),
        )
    if name in _RESERVED or any(f"{table}_".startswith(f"{name}_") for table in _TABLES):
        return lazy_gettext(
            "The name %(name)s is taken by the desk itself, and the plugin's tables would mix with"
            " the desk's. Its author has to choose another.",
            name=repr(name),
        )
    return ""


def _incompatibility(distribution: Distribution) -> str | LazyText:
    """Return a sentence when a plugin's requirements exclude this version of Plugdesk."""
    ours = Version(plugdesk.__version__)
    for line in distribution.requires or ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            return lazy_gettext(
                "Its requirement %(line)s cannot be understood. Ask its author.", line=repr(line)
            )
        if canonicalize_name(requirement.name) != "plugdesk":
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not requirement.specifier.contains(ours, prereleases=True):
            return lazy_gettext(
                "It needs Plugdesk %(wanted)s, and this is %(ours)s. Install a version of %(name)s"
                " that fits.",
                wanted=requirement.specifier,
                ours=ours,
                name=distribution.metadata["Name"],
            )
    return ""


def _only_one(found: list[Found]) -> Found:
    """Return the plugin of a name; held when several distributions claim that name."""
    first = found[0]
    if len(found) == 1:
        return first
    names = sorted({one.distribution for one in found})
    return Found(
        name=first.name,
        version="",
        summary=first.summary,
        distribution=", ".join(names),
        entry_point=first.entry_point,
        state=State.HELD,
        reason=lazy_gettext(
            "Several distributions bring a plugin named %(name)s: %(distributions)s. Uninstall all"
            " but one.",
            name=repr(first.name),
            distributions=", ".join(names),
        ),
    )
