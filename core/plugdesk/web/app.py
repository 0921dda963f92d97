"""The Flask application of one site."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from plugdesk import i18n
from plugdesk.admin import views as admin
from plugdesk.desk import views as desk
from plugdesk.plugins.gate import register_blueprints
from plugdesk.site import Site
from plugdesk.web import assets, errors, files, formats, headers, limits, mail_frame, page
from plugdesk.web.current import bind_site, current_site, keep_sign_in_fresh
from plugdesk.web.language import choose_language
from plugdesk.web.numbers import RowIdConverter

_MEGABYTE = 1024 * 1024
_COOKIELESS = frozenset({"assets.file", "files.file", "health"})
"""Endpoints that ask neither who is there nor which plugins are on."""


def create_app(site: Site) -> Flask:
    """Build the application that shows `site`."""
    app = Flask("plugdesk", static_folder=None, template_folder="templates")
    app.url_map.converters["int"] = RowIdConverter
    bind_site(app, site)
    _configure(app, site)
    headers.add_headers(app, https=_is_https(site))
    CSRFProtect(app)
    limits.limiter.init_app(app)
    i18n.install_in_jinja(app.jinja_env)
    formats.install_filters(app)
    page.install(app)
    errors.handle_errors(app)
    assets.serve_assets(app)
    app.before_request(_prepare)
    app.after_request(_finish)
    app.add_url_rule("/", "root", _root)
    app.add_url_rule("/healthz", "health", _health)
    for blueprint in (files.pages, mail_frame.pages, *desk.blueprints, *admin.blueprints):
        app.register_blueprint(blueprint)
    register_blueprints(app, site)
    if site.config.trusted_proxies:
        count = site.config.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
    return app


def _configure(app: Flask, site: Site) -> None:
    secure = _is_https(site)
    app.config.update(
        SECRET_KEY=site.keys.derive("browser session"),
        TRUSTED_HOSTS=_trusted_hosts(site),
        MAX_CONTENT_LENGTH=site.config.max_upload_megabytes * _MEGABYTE,
        MAX_FORM_MEMORY_SIZE=4 * _MEGABYTE,
        MAX_FORM_PARTS=500,
        SESSION_COOKIE_NAME="__Host-plugdesk_form" if secure else "plugdesk_form",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # A form lives as long as its session: a reply may take an afternoon.
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _trusted_hosts(site: Site) -> list[str]:
    """Return the names that requests may bear: this machine's, and those that are configured."""
    own = urlsplit(site.config.public_url).hostname
    names = ["localhost", "127.0.0.1", "[::1]", site.config.host, *site.config.trusted_hosts]
    return [*names, own] if own else names


def _is_https(site: Site) -> bool:
    return site.config.public_url.startswith("https://")


def _prepare() -> None:
    if request.endpoint in _COOKIELESS:
        i18n.set_language(current_site().config.language)
        return
    site = current_site()
    with site.db.read() as session:
        site.plugins.refresh(session)
    choose_language()


def _finish(response: Response) -> Response:
    return keep_sign_in_fresh(response) if request.endpoint not in _COOKIELESS else response


def _root() -> ResponseReturnValue:
    return redirect(url_for("desk.inbox_home"))


def _health() -> ResponseReturnValue:
    """Say that pages are answered and the database is read."""
    with current_site().db.read() as session:
        session.connection()
    return "ok\n", 200, {"Content-Type": "text/plain; charset=utf-8"}
