"""Every error as a page with a sentence; tracebacks go to the log alone."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from flask import Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from plugdesk.errors import NotAllowed, NotFound, PlugdeskError
from plugdesk.i18n import gettext, lazy_gettext
from plugdesk.web.current import current_agent
from plugdesk.web.language import choose_language

_SENTENCES = {
    400: lazy_gettext("The desk could not understand this request. Go back and try again."),
    403: lazy_gettext("You may not do this. Ask an owner of the desk if you need to."),
    404: lazy_gettext("There is no such page, or it is not for you to see."),
    405: lazy_gettext("This address does not take requests of this kind."),
    409: lazy_gettext("This was refused because something else changed meanwhile."),
    413: lazy_gettext("This is too large. Send smaller or fewer files."),
    429: lazy_gettext("Too many attempts. Wait a few minutes, then try again."),
    500: lazy_gettext("Something went wrong on our side. Nothing that was saved is lost."),
}


def handle_errors(app: Flask) -> None:
    """Register the error pages."""
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(SecurityError, _unknown_host)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(PlugdeskError, _refusal)
    app.register_error_handler(Exception, _crash)


def error_page(code: int, sentence: str = "", reference: str = "") -> ResponseReturnValue:
    """Return the page for an HTTP status, with its own sentence or a better one."""
    sentence = sentence or str(_SENTENCES.get(code) or _phrase(code))
    page = render_template(
        "error.html",
        code=code,
        sentence=sentence,
        reference=reference,
        bare=current_agent() is None,
    )
    return page, code


def _http_error(error: HTTPException) -> ResponseReturnValue:
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if code < HTTPStatus.BAD_REQUEST:
        return error.get_response()
    if code == HTTPStatus.UNAUTHORIZED:
        return _signed_out()
    return error_page(code)


def _unknown_host(_error: SecurityError) -> ResponseReturnValue:
    """Answer in plain text: pages link to each other, and under a wrong name nothing links."""
    choose_language()
    sentence = gettext(
        "This desk does not answer under this name. Whoever runs it can add the name to"
        " trusted_hosts in plugdesk.toml."
    )
    return f"{sentence}\n", HTTPStatus.BAD_REQUEST, {"Content-Type": "text/plain; charset=utf-8"}


def _signed_out() -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        # A redirect would be followed inside the page; this one moves the whole window.
        return "", HTTPStatus.UNAUTHORIZED, {"HX-Redirect": url_for("desk.sign_in")}
    return redirect(url_for("desk.sign_in"))


def _stale_form(_error: CSRFError) -> ResponseReturnValue:
    return error_page(
        HTTPStatus.BAD_REQUEST,
        gettext("This form is too old or came from elsewhere. Go back, reload and send it again."),
    )


def _refusal(error: PlugdeskError) -> ResponseReturnValue:
    if isinstance(error, NotFound):
        return error_page(HTTPStatus.NOT_FOUND)
    if isinstance(error, NotAllowed):
        return error_page(HTTPStatus.FORBIDDEN, str(error))
    return error_page(HTTPStatus.CONFLICT, str(error))


def _crash(error: Exception) -> ResponseReturnValue:
    reference = secrets.token_hex(4)
    current_app.logger.error("Error %s at %s", reference, request.path, exc_info=error)
    try:
        return error_page(HTTPStatus.INTERNAL_SERVER_ERROR, reference=reference)
    except Exception:
        # The database may be what failed, and the page's frame needs it.
        current_app.logger.exception("The error page of %s failed too.", reference)
        plain = f"{_SENTENCES[500]} ({reference})\n"
        return plain, HTTPStatus.INTERNAL_SERVER_ERROR, {"Content-Type": "text/plain"}


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return str(code)
