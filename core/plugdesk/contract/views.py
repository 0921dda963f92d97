"""What plugins add to pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from flask import Blueprint, current_app
from flask.sansio.blueprints import Blueprint as AnyBlueprint
from flask.typing import ResponseReturnValue
from markupsafe import Markup

#: Where the application keeps the function that answers for a failed page of a plugin.
PAGE_FAILED = "plugdesk.page_failed"


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
    """A plugin's pages: for agents under `/desk/x/<plugin>/`, for customers under `/x/<plugin>/`.

    App-wide registrars are refused: they would run while the plugin is off. An exception in
    one of these pages shows the plugin's own error page; the desk goes on. `desk` can be used
    in every page; a page that answers GET cannot write.
    """

    def __init__(
        self, name: str, import_name: str, *, portal: bool = False, **options: Any
    ) -> None:
        """Make the pages of the plugin `name`; with `portal` those for customers."""
        super().__init__(f"plugin_{name}{'_portal' if portal else ''}", import_name, **options)
        self.plugin = name
        self.portal = portal
        self.register_error_handler(Exception, _page_failed)

    def register_blueprint(self, blueprint: AnyBlueprint, **options: Any) -> None:
        """Refused: a nested blueprint could register app-wide functions."""
        _refuse("register_blueprint")(self, blueprint, **options)


def _page_failed(error: Exception) -> ResponseReturnValue:
    answer: ResponseReturnValue = current_app.extensions[PAGE_FAILED](error)
    return answer


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
