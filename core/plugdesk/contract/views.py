"""What plugins add to pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from flask import Blueprint
from markupsafe import Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A box beside a ticket."""

    title: str
    body: Markup
    """Escaped markup; build it with a template or `markupsafe.Markup.format`."""
    order: int = 50
    """Smaller comes first; the plugin's name decides ties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """A link in the desk's navigation."""

    label: str
    url: str
    order: int = 50


class PluginBlueprint(Blueprint):
    """A plugin's pages, served under `/desk/x/<plugin>/`.

    App-wide registrars are refused: they would run while the plugin is off. An exception in
    one of these pages shows the plugin's own error page; the desk goes on.
    """

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(f"plugin_{name}", import_name, **options)
        self.plugin = name


def _refuse(registrar: str) -> Callable[..., NoReturn]:
    def refused(self: PluginBlueprint, *_args: object, **_kwargs: object) -> NoReturn:
        msg = (
            f"Plugin {self.plugin!r} calls PluginBlueprint.{registrar}, which would act on the"
            " whole site, also while the plugin is off. Use the hooks, or the registrar without"
            " 'app'."
        )
        raise TypeError(msg)

    return refused


for _registrar in (
    "add_app_template_filter",
    "add_app_template_global",
    "add_app_template_test",
    "after_app_request",
    "app_context_processor",
    "app_errorhandler",
    "app_template_filter",
    "app_template_global",
    "app_template_test",
    "app_url_defaults",
    "app_url_value_preprocessor",
    "before_app_request",
    "record_once",
    "teardown_app_request",
):
    setattr(PluginBlueprint, _registrar, _refuse(_registrar))
