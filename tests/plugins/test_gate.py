"""The pages of plugins: closed while the plugin is off, and alone when they fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from plugdesk.contract.tickets import Role
from plugdesk.errors import NotFound
from plugdesk.plugins import operations
from plugdesk.plugins.gate import register_blueprints
from plugdesk.site import Site
from plugdesk.testing.plugins import refresh, state_of
from plugdesk.testing.sites import PASSWORD, make_agent
from plugdesk.tickets.models import Tag
from plugdesk.web.app import create_app
from sqlalchemy import select

if TYPE_CHECKING:
    from plugdesk.testing.plugins import Sites

PAGES = """
from flask import abort
from sqlalchemy import insert
from plugdesk.tickets.models import Tag
pages = PluginBlueprint("sms", __name__)
@hookimpl
def blueprint(): return pages
class Special(Exception): pass
@pages.get("/")
def home(): return "home of sms"
@pages.get("/raises")
def raises(): return 1 / 0
@pages.get("/exits")
def exits(): raise SystemExit(1)
@pages.get("/aborts")
def aborts(): abort(418)
@pages.get("/hidden")
def hidden(): raise NotFound("no such thing")
@pages.get("/special")
def special(): raise Special
@pages.errorhandler(Special)
def handle(error): return "handled by the plugin", 202
@pages.before_request
def before():
    from flask import request
    if request.args.get("before"):
        raise SystemExit
@pages.post("/write")
def write():
    desk.session.execute(insert(Tag).values(name="written"))
    return "done"
@pages.get("/write")
def write_on_get():
    desk.session.execute(insert(Tag).values(name="smuggled"))
    return "done"
@pages.post("/half")
def half():
    desk.session.execute(insert(Tag).values(name="half"))
    return 1 / 0
@pages.post("/commit")
def commit():
    desk.session.commit()
"""
PORTAL = """
pages = PluginBlueprint("forms", __name__, portal=True)
@pages.get("/")
def form(): return "a form"
@hookimpl
def blueprint(): return pages
"""

Browse = Callable[..., FlaskClient]


@pytest.fixture
def browse(sites: Sites) -> Callable[[Site], FlaskClient]:
    """Return a browser for a bare application with the pages of plugins."""

    def make(site: Site, *, signed_in: bool = True) -> FlaskClient:
        app = Flask("desk")
        app.add_url_rule("/", "home", lambda: "the desk")
        app.register_error_handler(404, lambda _error: ("nothing here", 404))
        app.register_error_handler(NotFound, lambda _error: ("not for you", 404))

        @app.before_request
        def follow() -> None:
            refresh(site)

        register_blueprints(
            app,
            site,
            desk_guard=lambda: None if signed_in else abort(401),
            page_failed=failed,
        )
        return app.test_client()

    def failed(plugin: str, error: Exception) -> ResponseReturnValue:
        return f"{plugin} failed: {type(error).__name__}", 500

    return make


def tags(site: Site) -> list[str]:
    """Return what pages wrote."""
    with site.db.read() as session:
        return list(session.scalars(select(Tag.name).order_by(Tag.name)))


def test_pages_open_and_close_with_their_plugin(sites: Sites, browse: Browse) -> None:
    """Without a restart, also when another process switches it."""
    sites.shelf.put("sms", PAGES)
    site, other = sites.open(), sites.open()
    client = browse(site)
    assert client.get("/desk/x/sms/").status_code == 404
    operations.enable(other, "sms", tried=True)
    assert client.get("/desk/x/sms/").text == "home of sms"
    operations.disable(other, "sms")
    assert client.get("/desk/x/sms/").text == "nothing here"
    assert client.get("/").text == "the desk"


def test_agents_sign_in_first_and_customers_need_not(sites: Sites, browse: Browse) -> None:
    """Pages under /desk/x/ are for agents, those under /x/ are the portal's."""
    sites.shelf.put("sms", PAGES)
    sites.shelf.put("forms", PORTAL)
    client = browse(sites.with_plugins("sms", "forms"), signed_in=False)
    assert client.get("/desk/x/sms/").status_code == 401
    assert client.get("/x/forms/").text == "a form"
    assert client.get("/desk/x/forms/").status_code == 404
    assert client.get("/x/sms/").status_code == 404


@pytest.mark.parametrize(
    ("path", "answer", "code"),
    [
        ("raises", "sms failed: ZeroDivisionError", 500),
        ("exits", "sms failed: PluginError", 500),
        ("?before=1", "sms failed: PluginError", 500),
        ("write", "sms failed: OperationalError", 500),
        ("hidden", "not for you", 404),
        ("special", "handled by the plugin", 202),
        ("nowhere", "nothing here", 404),
    ],
)
def test_a_failing_page_is_the_plugins_error_page(
    sites: Sites, browse: Browse, path: str, answer: str, code: int
) -> None:
    """The desk goes on; what a page means by an error is answered as elsewhere."""
    sites.shelf.put("sms", PAGES)
    site = sites.with_plugins("sms")
    client = browse(site)
    response = client.get(f"/desk/x/sms/{path}")
    assert (response.text, response.status_code) == (answer, code)
    assert bool(state_of(site, "sms").failures) is (code == 500)
    assert client.get("/").text == "the desk"
    assert tags(site) == []


def test_an_http_error_without_a_handler_is_its_own_answer(sites: Sites, browse: Browse) -> None:
    """abort() in a plugin's page means what it says."""
    sites.shelf.put("sms", PAGES)
    assert browse(sites.with_plugins("sms")).get("/desk/x/sms/aborts").status_code == 418


def test_a_page_writes_whole_or_not_at_all(sites: Sites, browse: Browse) -> None:
    """A POST is one transaction, which the plugin cannot end by itself."""
    sites.shelf.put("sms", PAGES)
    site = sites.with_plugins("sms")
    client = browse(site)
    assert client.post("/desk/x/sms/write").text == "done"
    assert client.post("/desk/x/sms/half").text == "sms failed: ZeroDivisionError"
    assert client.post("/desk/x/sms/commit").text == "sms failed: PluginError"
    assert tags(site) == ["written"]


def test_pages_that_fail_again_and_again_are_held(sites: Sites, browse: Browse) -> None:
    """Five failures within ten minutes close the plugin's pages until somebody retries."""
    sites.shelf.put("sms", PAGES)
    site = sites.with_plugins("sms")
    client = browse(site)
    for _ in range(5):
        client.get("/desk/x/sms/raises")
    assert client.get("/desk/x/sms/").text == "sms failed: PluginError"
    site.hooks.close()
    operations.retry(site, "sms")
    assert client.get("/desk/x/sms/").text == "home of sms"


def test_one_process_may_build_several_applications(sites: Sites, browse: Browse) -> None:
    """The same module's pages serve each of them."""
    sites.shelf.put("sms", PAGES)
    for _ in range(2):
        assert browse(sites.with_plugins("sms")).get("/desk/x/sms/").text == "home of sms"


def test_the_desks_own_application_guards_and_contains_plugin_pages(sites: Sites) -> None:
    """Strangers are sent to sign in; an agent sees the desk's error page, and the desk goes on."""
    sites.shelf.put("sms", PAGES + "@hookimpl\ndef navigation(): raise SystemExit('no links')\n")
    site = sites.with_plugins("sms")
    make_agent(site, role=Role.OWNER)
    client = create_app(site).test_client()
    assert client.get("/desk/x/sms/").location.startswith("/sign-in")
    form = client.get("/sign-in").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert token is not None
    values = {"csrf_token": token[1], "address": "mina@desk.test", "password": PASSWORD}
    client.post("/sign-in", data=values)
    assert client.get("/desk/x/sms/").text == "home of sms"
    failed = client.get("/desk/x/sms/raises")
    assert failed.status_code == 500
    assert "This page of the plugin sms failed" in failed.text
    assert client.get("/desk/", follow_redirects=True).status_code == 200
    assert {failure.hook for failure in state_of(site, "sms").failures} == {
        "blueprint",
        "navigation",
    }
