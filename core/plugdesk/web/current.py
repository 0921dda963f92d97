"""What belongs to the running request: the site, and the agent who is signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as WerkzeugResponse

from plugdesk.contract.tickets import Actor
from plugdesk.people import sign_in
from plugdesk.people.sign_in import SignedIn
from plugdesk.site import Site

_SITE = "plugdesk"
_COOKIE = "plugdesk_desk"

View = TypeVar("View", bound=Callable[..., Any])


def bind_site(app: Flask, site: Site) -> None:
    """Make `site` the one that this application shows."""
    app.extensions[_SITE] = site


def current_site() -> Site:
    """Return the site that the running application shows."""
    return cast("Site", current_app.extensions[_SITE])


def current_agent() -> SignedIn | None:
    """Return who is signed in on this request; asked of the database once."""
    if "agent" not in g:
        g.agent = _find_agent()
    return cast("SignedIn | None", g.agent)


def actor() -> Actor:
    """Return the signed-in agent as the doer. Only in views that require one."""
    return agent().actor


def agent() -> SignedIn:
    """Return the signed-in agent. Only in views that require one."""
    found = current_agent()
    if found is None:
        abort(401)
    return found


def desk_page(view: View) -> View:
    """Require a signed-in agent; others are sent to the sign-in page and come back."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if current_agent() is None:
            return _to_sign_in()
        return view(*args, **kwargs)

    return cast("View", guarded)


def writing_page(view: View) -> View:
    """Require an agent who may change tickets; observers are refused."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if current_agent() is None:
            return _to_sign_in()
        if not actor().can_write:
            abort(403)
        return view(*args, **kwargs)

    return cast("View", guarded)


def owner_page(view: View) -> View:
    """Require an owner; to other agents the page does not exist."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if current_agent() is None:
            return _to_sign_in()
        if not actor().can_manage:
            abort(404)
        return view(*args, **kwargs)

    return cast("View", guarded)


def remember_sign_in(response: WerkzeugResponse, token: str) -> None:
    """Give the browser its token."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(sign_in.LONGEST.total_seconds()),
        secure=is_secure_site(),
        httponly=True,
        samesite="Lax",
    )


def forget_sign_in(response: WerkzeugResponse) -> None:
    """Take the token away from the browser."""
    response.delete_cookie(cookie_name(), secure=is_secure_site(), httponly=True, samesite="Lax")


def cookie_name() -> str:
    """Return the cookie's name; `__Host-` pins it to this very host (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{_COOKIE}" if is_secure_site() else _COOKIE


def is_secure_site() -> bool:
    """Say whether people reach this site by https."""
    return current_site().config.public_url.startswith("https://")


def local_path(wanted: str | None) -> str | None:
    """Return `wanted` if it is a path on this site, for `next=`; anything else is None.

    Backslashes and control characters are refused because browsers read them as slashes or
    leave them out, which turns `/\\evil.example` into another host.
    """
    if not wanted or not wanted.startswith("/") or wanted.startswith("//"):
        return None
    if "\\" in wanted or any(ord(character) < 0x20 for character in wanted):
        return None
    parts = urlsplit(wanted)
    return wanted if not parts.scheme and not parts.netloc else None


def keep_sign_in_fresh(response: Response) -> Response:
    """After a request, write down that the browser was used, at most every few minutes."""
    found = cast("SignedIn | None", g.get("agent"))
    site = current_site()
    now = site.clock.now()
    if found is None or not sign_in.needs_touch(found, now):
        return response
    try:
        with site.db.write() as session:
            sign_in.touch(session, now, found.token_hash)
    except SQLAlchemyError:
        # A page that could be read is worth more than the exact time of its reading.
        current_app.logger.warning("The time of a sign-in's last use could not be stored.")
    return response


def _find_agent() -> SignedIn | None:
    token = request.cookies.get(cookie_name())
    if not token:
        return None
    site = current_site()
    with site.db.read() as session:
        return sign_in.find(session, site.clock.now(), token)


def _to_sign_in() -> WerkzeugResponse:
    if request.headers.get("HX-Request"):
        abort(401)
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("desk.sign_in", next=wanted))
