"""The first start: one owner, made by whoever reads the server's output."""

from __future__ import annotations

from desks import Browser, Desk
from plugdesk.people import operations
from plugdesk.people.setup_code import is_setup_code, setup_code
from plugdesk.site import Site
from plugdesk.web.app import create_app

OWNER = {
    "name": "Olga", "address": "olga@desk.test", "language": "ko",
    "password": "a long password", "password_again": "a long password",
}  # fmt: skip


def test_an_empty_desk_leads_to_its_setup(empty_site: Site) -> None:
    """Before there is an owner the sign-in page leads to the setup, which asks for the code."""
    browser = Browser(create_app(empty_site).test_client())
    assert browser.get("/sign-in").location == "/setup"
    assert 'name="code"' in browser.text("/setup")
    assert 'name="password"' not in browser.text("/setup")
    assert "not right" in browser.text("/setup?code=wrong")


def test_the_code_makes_the_owner(empty_site: Site) -> None:
    """With the code the form makes the owner in their language, signs in and offers a start."""
    browser = Browser(create_app(empty_site).test_client())
    code = setup_code(empty_site.keys)
    assert 'name="password"' in browser.text(f"/setup?code={code}")
    assert browser.post("/setup", {**OWNER, "code": "x" * 20}).status_code == 403
    answer = browser.post("/setup", {**OWNER, "code": code, "password_again": "other"})
    assert answer.status_code == 422
    assert "비밀번호가 서로 다릅니다" in answer.text
    answer = browser.post("/setup", {**OWNER, "code": code})
    assert answer.location == "/setup/next"
    page = browser.text("/setup/next")
    assert "메일함 연결" in page
    with empty_site.db.read() as session:
        assert operations.has_owner(session)


def test_the_setup_is_gone_afterwards(desk: Desk) -> None:
    """Once there is an owner, nobody can set up again, code or not."""
    browser = desk.browser()
    code = setup_code(desk.site.keys)
    assert browser.get(f"/setup?code={code}").status_code == 404
    assert browser.post("/setup", {**OWNER, "code": code}).status_code == 404


def test_sample_data_is_loaded_by_a_job(owner: Browser, desk: Desk) -> None:
    """The button only asks for the samples; a worker loads them."""
    answer = owner.post("/setup/samples")
    assert answer.location == "/desk/inbox/open"
    assert "on their way" in owner.text("/desk/inbox/open")


def test_codes_are_compared_tidily(empty_site: Site) -> None:
    """A code typed with spaces or capitals is the same code; half of one is none."""
    code = setup_code(empty_site.keys)
    assert is_setup_code(empty_site.keys, f" {code[:10].upper()} {code[10:]} ")
    assert not is_setup_code(empty_site.keys, code[:16])
    assert not is_setup_code(empty_site.keys, "")
