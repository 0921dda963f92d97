"""Plugins are found by their metadata, and judged before any of their code runs."""

from __future__ import annotations

import sys
from importlib.metadata import distributions
from typing import TYPE_CHECKING

import plugdesk
import pytest
from plugdesk.plugins.discovery import find_plugins
from plugdesk.plugins.states import State

if TYPE_CHECKING:
    from plugdesk.testing.plugins import Shelf


def test_a_plugin_is_known_by_its_metadata_alone(shelf: Shelf) -> None:
    """Name, version and summary come from the distribution; nothing is imported."""
    module = shelf.put("sms", "raise RuntimeError")
    found = find_plugins(shelf.distributions())["sms"]
    assert (found.name, found.version, found.summary) == ("sms", "1.2", "The plugin sms")
    assert found.distribution == "plugdesk-sms"
    assert found.state is State.OFF
    assert module not in sys.modules


@pytest.mark.parametrize(
    "requirement",
    ["plugdesk>=99", "PlugDesk<0.1", "plugdesk==0.0.1; python_version>'3'", "plugdesk (>1000)"],
)
def test_a_plugin_for_other_versions_says_which(shelf: Shelf, requirement: str) -> None:
    """What its requirements exclude is incompatible, and the reason names both versions."""
    shelf.put("sms", "", requires=("click", requirement))
    found = find_plugins(shelf.distributions())["sms"]
    assert found.state is State.INCOMPATIBLE
    assert plugdesk.__version__ in found.reason
    assert "It needs Plugdesk" in found.reason


@pytest.mark.parametrize(
    "requirement", ["plugdesk>=0.1,<0.2", "plugdesk", "plugdesk>=99; extra == 'later'"]
)
def test_a_plugin_that_fits_is_off_at_first(shelf: Shelf, requirement: str) -> None:
    """A requirement that this version meets, or that does not apply, lets it be used."""
    shelf.put("sms", "", requires=(requirement,))
    assert find_plugins(shelf.distributions())["sms"].state is State.OFF


def test_an_unreadable_requirement_is_said(shelf: Shelf) -> None:
    """What cannot be understood is not guessed."""
    shelf.put("sms", "", requires=("plugdesk >>> 3",))
    found = find_plugins(shelf.distributions())["sms"]
    assert found.state is State.INCOMPATIBLE
    assert "cannot be understood" in found.reason


@pytest.mark.parametrize("name", ["SMS", "9lives", "a-b", "x" * 41, "core", "ticket", "event"])
def test_a_name_that_cannot_be_used_holds_the_plugin(shelf: Shelf, name: str) -> None:
    """Names are part of table names and addresses; those of the desk's own tables are taken."""
    shelf.put(name, "", distribution="plugdesk-odd")
    found = find_plugins(shelf.distributions())[name]
    assert found.state is State.HELD
    assert repr(name) in found.reason


def test_two_distributions_with_one_plugin_name_hold_it(shelf: Shelf) -> None:
    """Nobody can tell which one the owner means, so neither is loaded."""
    shelf.put("sms", "", distribution="plugdesk-sms")
    shelf.put("sms", "", distribution="other-sms")
    found = find_plugins(shelf.distributions())["sms"]
    assert found.state is State.HELD
    assert "bring a plugin named 'sms': other-sms, plugdesk-sms" in str(found.reason)


def test_a_distribution_that_is_on_the_path_twice_counts_once(shelf: Shelf) -> None:
    """An editable install beside a wheel is one plugin: imports take the first as well."""
    shelf.put("sms", "")
    twice = [*shelf.distributions(), *shelf.distributions()]
    assert find_plugins(twice)["sms"].state is State.OFF


def test_without_a_list_the_installed_distributions_are_used(shelf: Shelf) -> None:
    """What pip installed is found on the import path, in order of the names."""
    shelf.put("sms", "")
    assert any(one.name == "plugdesk-sms" for one in distributions())
    found = find_plugins()
    assert "sms" in found
    assert list(found) == sorted(found)
