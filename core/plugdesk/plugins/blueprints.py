"""Whether a plugin's pages stay where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask

from plugdesk.contract.views import PluginBlueprint
from plugdesk.errors import PluginError
from plugdesk.i18n import lazy_gettext


def prefix_of(blueprint: PluginBlueprint) -> str:
    """Return the address under which a plugin's pages lie."""
    return f"{'' if blueprint.portal else '/desk'}/x/{blueprint.plugin}"


def check_blueprint(blueprint: PluginBlueprint, plugin: str, app: Flask) -> None:
    """Register the blueprint with a scratch application and look at what it did to it.

    `Blueprint.record` gives a plugin the whole application, and Flask's own registrars need it,
    so that it cannot be refused like the app-wide ones. Raises PluginError when the blueprint
    acts on more than its own pages, and whatever the plugin raises.
    """
    if blueprint.plugin != plugin:
        msg = lazy_gettext(
            "The plugin %(plugin)s brings pages in the name of %(other)s. Its author has to write"
            " PluginBlueprint(%(plugin)s, __name__).",
            plugin=repr(plugin),
            other=repr(blueprint.plugin),
        )
        raise PluginError(msg)
    known, before = {id(rule) for rule in app.url_map.iter_rules()}, _app_wide(app)
    app.register_blueprint(blueprint, url_prefix=prefix_of(blueprint))
    inside = f"{prefix_of(blueprint)}/"
    for rule in app.url_map.iter_rules():
        if id(rule) in known:
            continue
        own = rule.endpoint.startswith(f"{blueprint.name}.")
        if not own or rule.host or rule.subdomain or not f"{rule.rule}/".startswith(inside):
            msg = lazy_gettext(
                "The plugin %(plugin)s has a page at %(page)s, outside of %(inside)s.",
                plugin=repr(plugin),
                page=repr(rule.rule),
                inside=repr(inside),
            )
            raise PluginError(msg)
    after = _app_wide(app)
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        msg = lazy_gettext(
            "The pages of the plugin %(plugin)s change the whole site (%(parts)s), also while the"
            " plugin is off. Its author has to use the hooks.",
            plugin=repr(plugin),
            parts=", ".join(changed),
        )
        raise PluginError(msg)


def _app_wide(app: Flask) -> Mapping[str, Any]:
    """Return what acts on every page, copied for comparison."""
    functions: dict[str, Any] = {
        "before_request": app.before_request_funcs,
        "after_request": app.after_request_funcs,
        "teardown_request": app.teardown_request_funcs,
        "context_processor": app.template_context_processors,
        "url_value_preprocessor": app.url_value_preprocessors,
        "url_defaults": app.url_default_functions,
    }
    found: dict[str, Any] = {name: list(by[None]) for name, by in functions.items()}
    handlers = app.error_handler_spec[None]
    found["errorhandler"] = {code: dict(classes) for code, classes in handlers.items() if classes}
    found["teardown_appcontext"] = list(app.teardown_appcontext_funcs)
    found["shell_context_processor"] = list(app.shell_context_processors)
    found["template_filter"] = dict(app.jinja_env.filters)
    found["template_test"] = dict(app.jinja_env.tests)
    found["template_global"] = dict(app.jinja_env.globals)
    found["extensions"] = dict(app.extensions)
    found["config"] = dict(app.config)
    found["wsgi_app"] = app.wsgi_app
    found["commands"] = list(app.cli.commands)
    return found
