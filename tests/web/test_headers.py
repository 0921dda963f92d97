"""What every answer carries, and who may ask for what, by walking the map of routes."""

from __future__ import annotations

import pytest
from desks import Browser, Desk
from plugdesk.web.app import create_app
from plugdesk.web.headers import frame_policy
from werkzeug.routing import Rule

#: Pages for people who are not signed in.
PUBLIC = {
    "assets.file", "files.file", "health", "root", "desk.sign_in", "desk.sign_in_send",
    "desk.setup", "desk.setup_send",
}  # fmt: skip
VALUES = {"int": 1, "string": "x", "path": "x", "default": "x"}


def address(desk: Desk, rule: Rule) -> str:
    """Return an address for a route, with made-up values."""
    special = {"folder": "open", "channel": "mailbox"}
    values = {
        name: special.get(name, 1 if name.endswith("_id") else "x") for name in rule.arguments
    }
    built = rule.build(values)
    assert built is not None, rule
    return built[1]


def rules(desk: Desk) -> list[tuple[Rule, str]]:
    """Return every route with each of its methods."""
    return [
        (rule, method)
        for rule in desk.app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.mark.parametrize("who", ["", "obs", "mina", "owner"])
def test_every_answer_has_the_headers(who: str, desk: Desk) -> None:
    """Whatever the route, the method, the person and the status, the policy is there."""
    browser = desk.browser(who)
    for rule, method in rules(desk):
        if rule.endpoint == "desk.sign_out":
            continue
        answer = browser.client.open(address(desk, rule), method=method)
        policy = answer.headers.get("Content-Security-Policy", "")
        assert "default-src 'none'" in policy, rule
        assert "unsafe-eval" not in policy, rule
        assert "script-src 'unsafe-inline'" not in policy, rule
        assert answer.headers["X-Content-Type-Options"] == "nosniff", rule
        assert "frame-ancestors" in policy, rule
        for name in ("Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy"):
            assert name in answer.headers, (rule, name)
        if rule.endpoint not in ("assets.file", "files.file"):
            assert answer.headers["Cache-Control"] == "no-store", rule
        assert answer.status_code < 500, (rule, answer.text)


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_numbers_beyond_every_row_find_nothing(number: int, desk: Desk) -> None:
    """A number that no table can hold is not found; in a form it is as if it were not given."""
    browser = desk.browser("owner")
    token = browser.token()
    sent = dict.fromkeys(("ticket", "assignee", "team", "person", "account", "entry"), str(number))
    form = {**sent, "csrf_token": token, "do": "assign", "text": "x", "where": "ticket"}
    for rule, method in rules(desk):
        data = form if method == "POST" else None
        if any(name.endswith("_id") for name in rule.arguments):
            large = address(desk, rule).replace("/1", f"/{number}", 1)
            answer = browser.client.open(large, method=method, data=data)
            assert answer.status_code in (404, 405), (rule, method, answer.status_code)
        elif method == "POST" and rule.endpoint != "desk.sign_out":
            answer = browser.client.open(address(desk, rule), method=method, data=data)
            assert answer.status_code < 500, (rule, answer.text)


def test_nobody_sees_more_than_the_way_in(desk: Desk) -> None:
    """Signed out, every page but a few leads to the sign-in, and every form is refused."""
    browser = desk.browser()
    token = browser.token()
    for rule, method in rules(desk):
        if rule.endpoint in PUBLIC:
            continue
        data = {"csrf_token": token} if method == "POST" else None
        answer = browser.client.open(address(desk, rule), method=method, data=data)
        assert answer.status_code == 302, (rule, method, answer.status_code)
        assert answer.location.startswith("/sign-in"), rule


def test_the_owner_s_pages_do_not_exist_for_others(desk: Desk) -> None:
    """Agents and observers get 404 for everything below /admin and for the setup."""
    for name in ("mina", "obs"):
        browser = desk.browser(name)
        token = browser.token()
        for rule, method in rules(desk):
            if not rule.rule.startswith(("/admin", "/setup")):
                continue
            data = {"csrf_token": token} if method == "POST" else None
            answer = browser.client.open(address(desk, rule), method=method, data=data)
            assert answer.status_code == 404, (name, rule, method)


def test_observers_write_nothing(desk: Desk) -> None:
    """Every form that changes tickets is refused to observers, and hidden from them."""
    ticket_id, message_id = desk.mail()
    browser = desk.browser("obs")
    own = {"desk.profile_save", "desk.profile_password", "desk.sign_out", "desk.sign_in_send",
           "desk.setup_send", "desk.setup_samples"}  # fmt: skip
    for rule, method in rules(desk):
        if method != "POST" or rule.endpoint in own or rule.rule.startswith("/admin"):
            continue
        path = address(desk, rule).replace("/1/", f"/{ticket_id}/")
        answer = browser.post(path, {"text": "x", "do": "spam", "status": "closed"})
        assert answer.status_code == 403, (rule, answer.status_code)
    page = browser.text(f"/desk/tickets/{ticket_id}")
    assert "Where is my order?" in page
    assert 'id="composer"' not in page
    assert f"/desk/messages/{message_id}/move" not in page


def test_the_mail_frame_has_a_policy_of_its_own() -> None:
    """A mail's frame runs no script in any case, and fetches images after consent only."""
    closed, opened = frame_policy(remote_images=False), frame_policy(remote_images=True)
    assert "script-src" not in closed + opened
    assert "allow-scripts" not in closed + opened
    assert "https:" not in closed
    assert "img-src 'self' data: https: http:" in opened


def test_unknown_hosts_are_refused(desk: Desk) -> None:
    """A request that names another host is refused before it is answered (S39)."""
    browser = desk.browser()
    refused = browser.get("/sign-in", headers={"Host": "evil.test"})
    assert refused.status_code == 400
    assert "trusted_hosts" in refused.text
    assert "default-src 'none'" in refused.headers["Content-Security-Policy"]
    assert browser.get("/sign-in", headers={"Host": "localhost:8000"}).status_code == 200


def test_forwarded_headers_of_strangers_are_ignored(desk: Desk) -> None:
    """Without configured proxies nobody can pretend another address, scheme or host (S43)."""
    answer = desk.browser().get(
        "/desk/", headers={"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https"}
    )
    assert answer.location == "/sign-in?next=/desk/"
    assert "Strict-Transport-Security" not in answer.headers


def test_cookies_of_a_https_site_are_pinned(desk: Desk) -> None:
    """With an https address all cookies are Secure, HttpOnly and bound to the host."""
    config = desk.site.config.model_copy(update={"public_url": "https://desk.test"})
    desk.site.config = config
    secure = Desk(desk.site, create_app(desk.site), desk.account_id, desk.people)
    client = secure.app.test_client()
    page = client.get("/sign-in", base_url="https://desk.test")
    cookies = page.headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Domain" not in cookie
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")


def test_static_files_are_kept_for_ever(mina: Browser) -> None:
    """Static files have an address of their content; an old address is not kept."""
    page = mina.text("/desk/profile")
    path = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in mina.get(path).headers["Cache-Control"]
    old = path.replace(path.split("/")[2], "0" * 16)
    assert mina.get(old).headers["Cache-Control"] == "no-cache"
    assert mina.get("/static/x/../app.py").status_code == 404


def test_health_needs_no_sign_in(desk: Desk) -> None:
    """A monitor can ask whether pages and database answer, without a cookie."""
    answer = desk.browser().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert "Set-Cookie" not in answer.headers
