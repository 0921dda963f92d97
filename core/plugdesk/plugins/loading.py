"""Importing one plugin and asking what it adds. Whatever goes wrong here holds the plugin."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy
from babel.messages.pofile import read_po
from flask import Flask
from pydantic import BaseModel

from plugdesk import hookspecs
from plugdesk.contract.channels import Channel
from plugdesk.contract.jobs import Job
from plugdesk.contract.views import PluginBlueprint
from plugdesk.errors import PlugdeskError
from plugdesk.i18n import N_, LazyText, add_folder, joined, lazy_gettext
from plugdesk.plugins import migrations
from plugdesk.plugins.answers import AnswerRule, rule_of
from plugdesk.plugins.blueprints import check_blueprint
from plugdesk.plugins.discovery import Found
from plugdesk.plugins.migrations import history_of
from plugdesk.plugins.states import Adds
from plugdesk.traces import describe

if TYPE_CHECKING:
    from plugdesk.db.migrate import History

PROJECT = "plugdesk"
_NOT_IMPORTED = N_("The plugin %(plugin)s could not be imported.")
_NOT_REGISTERED = N_("The plugin %(plugin)s could not be registered: its hooks do not fit.")
_NOT_ASKED = N_("The plugin %(plugin)s could not be asked what it adds.")


class Held(Exception):
    """A plugin cannot be used; `reason` is what the owner reads."""

    def __init__(self, reason: str | LazyText) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Implementation:
    """One plugin's function for one hook."""

    plugin: str
    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    rule: AnswerRule

    def call(self, values: dict[str, Any]) -> tuple[Any, ...]:
        """Call it with those of `values` that it names, and read its answer.

        Raises what the plugin raises, and TypeError for an answer of the wrong type.
        """
        return self.rule.read(self.function(*[values[name] for name in self.arguments]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A plugin whose code is imported and understood; enabled or not."""

    found: Found
    implementations: dict[str, Implementation]
    channels: tuple[type[Channel[BaseModel]], ...] = ()
    jobs: tuple[Job, ...] = ()
    settings: type[BaseModel] | None = None
    blueprints: tuple[PluginBlueprint, ...] = ()
    history: History | None = None
    """The migrations of its own tables."""
    collected: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """Answers to all hooks of the kind *collect*."""

    @property
    def adds(self) -> Adds:
        """What the owner reads about it."""
        return Adds(
            channels=tuple(channel.name for channel in self.channels),
            pages=bool(self.blueprints),
            jobs=tuple(job.name for job in self.jobs),
            settings=self.settings is not None,
            hooks=tuple(sorted(self.implementations)),
        )


def make_manager() -> pluggy.PluginManager:
    """Return a manager that knows the contract and no plugin yet."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def hooks_of_kind(kind: str) -> tuple[str, ...]:
    """Return the names of the hooks whose specification begins with that kind."""
    return tuple(
        name
        for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
        if (function.__doc__ or "").startswith(f"{kind}:") and hasattr(function, f"{PROJECT}_spec")
    )


def load_plugin(found: Found, manager: pluggy.PluginManager) -> Loaded:
    """Import a plugin, register it, and ask for what it adds.

    Raises Held with the reason; the manager is then as it was before.
    """
    step = _NOT_IMPORTED
    try:
        module = found.entry_point.load()
        step = _NOT_REGISTERED
        _register(module, found.name, manager)
        try:
            step = _NOT_ASKED
            return _collect(found, implementations_of(found.name, manager))
        except BaseException:
            manager.unregister(name=found.name)
            raise
    except (Held, KeyboardInterrupt):
        raise
    except BaseException as error:  # a plugin may raise anything, SystemExit too
        sentence = lazy_gettext(step, plugin=repr(found.name))
        told = error.sentence if isinstance(error, PlugdeskError) else ""
        values = {"sentence": joined(sentence, told), "trace": describe(error)}
        raise Held(LazyText("%(sentence)s\n%(trace)s", values)) from error


def _register(module: object, name: str, manager: pluggy.PluginManager) -> None:
    # First into a manager of its own, so that a plugin that does not fit never touches the site's.
    trial = make_manager()
    trial.register(module, name)
    trial.check_pending()
    for implementation in _raw_implementations(name, trial):
        _check_function(implementation)
    manager.register(module, name)


def _raw_implementations(name: str, manager: pluggy.PluginManager) -> list[pluggy.HookImpl]:
    plugin = manager.get_plugin(name)
    callers = manager.get_hookcallers(plugin) or []
    return [
        implementation
        for caller in callers
        for implementation in caller.get_hookimpls()
        if implementation.plugin_name == name
    ]


def _check_function(implementation: pluggy.HookImpl) -> None:
    function = implementation.function
    values = {"plugin": repr(implementation.plugin_name), "hook": repr(function.__name__)}
    if implementation.wrapper or implementation.hookwrapper:
        msg = lazy_gettext(
            "The plugin %(plugin)s has a hook %(hook)s that is a wrapper. Wrappers could rewrite"
            " what other plugins answer and are not allowed; its author has to use plain"
            " functions.",
            **values,
        )
        raise Held(msg)
    unusual = inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction
    if any(is_unusual(function) for is_unusual in unusual):
        msg = lazy_gettext(
            "The plugin %(plugin)s has a hook %(hook)s that is asynchronous or yields. Its author"
            " has to use plain functions.",
            **values,
        )
        raise Held(msg)
    inspect.signature(function).bind(*implementation.argnames)


def implementations_of(name: str, manager: pluggy.PluginManager) -> dict[str, Implementation]:
    """Return a registered plugin's functions by hook."""
    plugin = manager.get_plugin(name)
    found: dict[str, Implementation] = {}
    for caller in manager.get_hookcallers(plugin) or []:
        for implementation in caller.get_hookimpls():
            if implementation.plugin is not plugin:
                continue
            if caller.name in found:
                msg = lazy_gettext(
                    "The plugin %(plugin)s answers the hook %(hook)s twice.",
                    plugin=repr(name),
                    hook=repr(caller.name),
                )
                raise Held(msg)
            found[caller.name] = Implementation(
                name,
                caller.name,
                implementation.function,
                implementation.argnames,
                rule_of(getattr(hookspecs, caller.name)),
            )
    return found


def _collect(found: Found, implementations: dict[str, Implementation]) -> Loaded:
    collected = {
        hook: implementations[hook].call({})
        for hook in hooks_of_kind("collect")
        if hook in implementations
    }
    settings = collected.get("settings", ())
    loaded = Loaded(
        found=found,
        implementations=implementations,
        channels=collected.get("channels", ()),
        jobs=collected.get("jobs", ()),
        settings=settings[0] if settings else None,
        blueprints=collected.get("blueprint", ()),
        history=history_of(found.name, package_folder(found)),
        collected=collected,
    )
    if loaded.history is not None:
        migrations.check(loaded.history)
    _check_channels(loaded)
    _check_jobs(loaded)
    for model in filter(None, (loaded.settings, *(c.settings for c in loaded.channels))):
        model.model_json_schema()
    _check_translations(loaded)
    for blueprint in loaded.blueprints:
        check_blueprint(blueprint, found.name, Flask("plugdesk"))
    return loaded


def package_folder(found: Found) -> Path | None:
    """Return the folder of the package that a plugin's entry point names, if it is a folder."""
    module = sys.modules.get(found.entry_point.module)
    file = getattr(module, "__file__", None)
    return Path(file).parent if file and hasattr(module, "__path__") else None


def _check_translations(loaded: Loaded) -> None:
    # A catalogue that cannot be read would take down every page in that language.
    folder = package_folder(loaded.found)
    if folder is None or not (folder / "translations").is_dir():
        return
    for path in sorted((folder / "translations").glob("*/LC_MESSAGES/messages.po")):
        with path.open("rb") as file:
            read_po(file, locale=path.parts[-3])
    add_folder(folder / "translations")


def _check_channels(loaded: Loaded) -> None:
    for channel in loaded.channels:
        name = getattr(channel, "name", None)
        if not (isinstance(name, str) and name.isidentifier() and name == name.lower()):
            msg = lazy_gettext(
                "%(channel)s.name is %(name)s; it should be like 'mailbox'.",
                channel=channel.__qualname__,
                name=repr(name),
            )
            raise Held(msg)
        if not isinstance(getattr(channel, "label", None), str):
            msg = lazy_gettext(
                "%(channel)s.label is missing: it is what the owner reads.",
                channel=channel.__qualname__,
            )
            raise Held(msg)
        model = getattr(channel, "settings", None)
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            msg = lazy_gettext(
                "%(channel)s.settings should be a pydantic model.", channel=channel.__qualname__
            )
            raise Held(msg)


def _check_jobs(loaded: Loaded) -> None:
    names = [job.name for job in loaded.jobs]
    for job in loaded.jobs:
        if names.count(job.name) > 1:
            msg = lazy_gettext(
                "The plugin %(plugin)s has two jobs named %(job)s.",
                plugin=repr(loaded.found.name),
                job=repr(job.name),
            )
            raise Held(msg)
        if job.every.total_seconds() <= 0:
            msg = lazy_gettext(
                "The job %(job)s should run every so many seconds, and says %(every)s.",
                job=repr(job.name),
                every=job.every,
            )
            raise Held(msg)
