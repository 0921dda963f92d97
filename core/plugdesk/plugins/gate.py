"""The pages of plugins: registered once at start, open only while their plugin is on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, InternalServerError

from plugdesk.contract.views import PAGE_FAILED, PluginBlueprint
from plugdesk.errors import PlugdeskError, PluginError
from plugdesk.i18n import gettext
from plugdesk.plugins.blueprints import check_blueprint
from plugdesk.plugins.desk import use

if TYPE_CHECKING:
    from plugdesk.site import Site

#: The name by which failures of a plugin's pages are counted and shown.
PAGES = "blueprint"

Guard = Callable[[], ResponseReturnValue | None]
PageFailed = Callable[[str, Exception], ResponseReturnValue]


def register_blueprints(
    app: Flask,
    site: Site,
    *,
    desk_guard: Guard | None = None,
    page_failed: PageFailed | None = None,
) -> None:
    """Register the pages of every loaded plugin, enabled or not, and the gate before them.

    `desk_guard` runs before a page for agents and answers in its place when nobody is signed in.
    `page_failed(plugin, error)` makes the page that is shown when a plugin's page raised;
    HTTPException and PlugdeskError go to the application's own handlers. By default both are
    those of the desk.
    """
    page_failed = page_failed or _error_page
    app.before_request(partial(_gate, site, desk_guard or _require_agent, page_failed))
    app.extensions[PAGE_FAILED] = partial(_failed, site, page_failed)
    for blueprint in site.plugins.blueprints():
        try:
            check_blueprint(blueprint, blueprint.plugin, app)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # It did well with a scratch application; the others have their pages all the same.
            site.hooks.failed(blueprint.plugin, PAGES, error)
        _contain(app, site, blueprint)


def plugin_of_request() -> str:
    """Return the name of the plugin whose page is asked for; empty for the desk's own pages."""
    blueprint = current_app.blueprints.get(request.blueprint or "")
    return blueprint.plugin if isinstance(blueprint, PluginBlueprint) else ""


def _gate(site: Site, desk_guard: Guard, page_failed: PageFailed) -> ResponseReturnValue | None:
    blueprint = current_app.blueprints.get(request.blueprint or "")
    if not isinstance(blueprint, PluginBlueprint):
        return None
    if not site.plugins.is_enabled(blueprint.plugin):
        abort(404)
    refused = None if blueprint.portal else desk_guard()
    if refused is None and site.plugins.is_held(blueprint.plugin, PAGES):
        msg = gettext("Its pages failed again and again and are held until a retry.")
        return page_failed(blueprint.plugin, PluginError(msg))
    return refused


def _failed(site: Site, page_failed: PageFailed, error: Exception) -> ResponseReturnValue:
    meant = isinstance(error, PlugdeskError) and not isinstance(error, PluginError)
    if meant or isinstance(error, HTTPException):
        return _as_elsewhere(error)
    plugin = plugin_of_request()
    site.hooks.failed(plugin, PAGES, error)
    return page_failed(plugin, error)


def _as_elsewhere(error: Exception) -> ResponseReturnValue:
    """Answer as the application does outside of plugins."""
    handlers = current_app.error_handler_spec[None]
    for code in (getattr(error, "code", None), None):
        for cls in type(error).__mro__:
            handler = handlers.get(code, {}).get(cls)
            if handler is not None:
                answer: ResponseReturnValue = current_app.ensure_sync(handler)(error)
                return answer
    return error if isinstance(error, HTTPException) else InternalServerError()


def _require_agent() -> ResponseReturnValue | None:
    from plugdesk.web.current import current_agent

    if current_agent() is None:
        abort(401)
    return None


def _error_page(plugin: str, _error: Exception) -> ResponseReturnValue:
    from plugdesk.web.errors import error_page

    sentence = gettext(
        "This page of the plugin %(plugin)s failed. The desk itself goes on.", plugin=plugin
    )
    return error_page(500, sentence)


def _contain(app: Flask, site: Site, blueprint: PluginBlueprint) -> None:
    """Give each page its transaction, and turn SystemExit into an error of the page."""
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith(f"{blueprint.name}."):
            app.view_functions[endpoint] = _contained(site, blueprint.plugin, view)
    for before in (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs):
        functions: list[Any] = before.get(blueprint.name, [])
        functions[:] = [_without_exit(blueprint.plugin, function) for function in functions]


def _contained(site: Site, plugin: str, view: Callable[..., Any]) -> Callable[..., Any]:
    safe = _without_exit(plugin, view)

    @wraps(view)
    def page(*args: Any, **values: Any) -> Any:
        # GET never writes: the database itself refuses it.
        writes = request.method not in ("GET", "HEAD", "OPTIONS")
        transaction = site.db.write() if writes else site.db.read()
        with transaction as session, use(site, session, plugin):
            return safe(*args, **values)

    return page


def _without_exit(plugin: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def safe(*args: Any, **values: Any) -> Any:
        try:
            return function(*args, **values)
        except KeyboardInterrupt:
            raise
        except Exception:
            raise
        except BaseException as error:  # it would end the web server's thread
            msg = gettext("The plugin %(plugin)s tried to end the process.", plugin=repr(plugin))
            raise PluginError(msg) from error

    return safe
