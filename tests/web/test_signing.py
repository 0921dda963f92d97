"""Signing in and out: sessions, guesses, and where one lands (cases S41, S44)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from desks import PASSWORD, Browser, Desk
from plugdesk.clock import FrozenClock
from plugdesk.people import operations, sign_in
from plugdesk.people.models import Agent, SignIn
from plugdesk.web.current import local_path
from sqlalchemy import select

COOKIE = "plugdesk_desk"


def token(browser: Browser) -> str:
    """Return the sign-in token that the browser holds."""
    cookie = browser.client.get_cookie(COOKIE)
    assert cookie is not None
    return cookie.value


def test_a_page_leads_to_the_sign_in_and_back(desk: Desk) -> None:
    """Whoever is not signed in is sent to sign in and then returned to the wanted page."""
    browser = desk.browser()
    answer = browser.get("/desk/inbox/mine?tag=vip")
    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=/desk/inbox/mine?tag%3Dvip"
    page = browser.get(answer.location).text
    assert 'name="next" value="/desk/inbox/mine?tag=vip"' in page
    form = {"address": "mina@desk.test", "password": PASSWORD, "next": "/desk/inbox/mine?tag=vip"}
    assert browser.post("/sign-in", form).location == "/desk/inbox/mine?tag=vip"


@pytest.mark.parametrize(
    "wanted",
    ["//evil.test", "https://evil.test", "/\\evil.test", "\\\\evil.test", "/\t/evil.test",
     "evil.test", "javascript:alert(1)", "", "/%0d%0a//x\n"],
)  # fmt: skip
def test_next_never_leaves_the_site(wanted: str, desk: Desk) -> None:
    """A path that a browser could read as another host is ignored (S44)."""
    assert local_path(wanted) is None
    form = {"address": "mina@desk.test", "password": PASSWORD, "next": wanted}
    assert desk.browser().post("/sign-in", form).location == "/desk/"


def test_unknown_and_known_addresses_get_the_same_answer(desk: Desk) -> None:
    """A wrong password and an unknown address cannot be told apart by the answer (S41)."""
    answers = []
    for address in ("mina@desk.test", "nobody@desk.test", "not an address"):
        answer = desk.browser().post("/sign-in", {"address": address, "password": "wrong"})
        assert answer.status_code == 401
        page = answer.text.replace(address, "")
        answers.append([line for line in page.splitlines() if "csrf_token" not in line])
    assert answers[0] == answers[1] == answers[2]


def test_unknown_addresses_cost_a_verification(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """For an unknown address a password is verified too, so that the time tells nothing."""
    verified: list[str] = []
    real = operations._hasher.verify

    def count(password: str, hashed: str) -> bool:
        verified.append(password)
        return bool(real(password, hashed))

    monkeypatch.setattr(operations._hasher, "verify", count)
    desk.browser().post("/sign-in", {"address": "nobody@desk.test", "password": "x"})
    assert verified == ["x"]


def test_guessing_is_limited(desk: Desk) -> None:
    """After ten wrong passwords for an address the desk asks to wait, for the right one too."""
    browser = desk.browser()
    codes = [
        browser.post("/sign-in", {"address": "mina@desk.test", "password": "x"}).status_code
        for _ in range(11)
    ]
    assert codes == [401] * 10 + [429]
    form = {"address": "mina@desk.test", "password": PASSWORD}
    answer = browser.post("/sign-in", form)
    assert answer.status_code == 429
    assert "Too many attempts" in answer.text


def test_only_the_hash_of_a_token_is_stored(desk: Desk, mina: Browser) -> None:
    """The database holds no token that could be used."""
    with desk.site.db.read() as session:
        stored = session.scalars(select(SignIn.token_hash)).all()
    assert stored == [sign_in.hash_token(token(mina))]
    assert token(mina) not in stored


def test_signing_in_again_makes_a_new_token_and_form_key(desk: Desk, mina: Browser) -> None:
    """A token from before the sign-in is worth nothing after it."""
    old = token(mina)
    old_form = mina.token()
    mina.post("/sign-in", {"address": "mina@desk.test", "password": PASSWORD})
    assert token(mina) != old
    assert mina.token() != old_form
    other = desk.browser()
    other.client.set_cookie(COOKIE, old)
    assert other.get("/desk/profile").status_code == 302


def test_sign_out_ends_the_token(desk: Desk, mina: Browser) -> None:
    """After signing out the token is dead, not merely forgotten by the browser."""
    old = token(mina)
    mina.post("/sign-out")
    mina.client.set_cookie(COOKIE, old)
    assert mina.get("/desk/profile").status_code == 302


def test_sign_out_everywhere(desk: Desk, mina: Browser) -> None:
    """All browsers of an agent can be signed out at once; those of others stay."""
    second, other = desk.browser("mina"), desk.browser("jun")
    mina.post("/sign-out", {"everywhere": "1"})
    assert second.get("/desk/profile").status_code == 302
    assert other.get("/desk/profile").status_code == 200


def test_changing_the_password_signs_others_out(desk: Desk, mina: Browser) -> None:
    """The browser that changes the password goes on with a new token; the others are out."""
    second, old = desk.browser("mina"), token(mina)
    form = {"current": PASSWORD, "password": "another long one", "password_again": ""}
    mina.post("/desk/profile/password", form)
    assert "differ" in mina.text("/desk/profile")
    form["password_again"] = "another long one"
    mina.post("/desk/profile/password", form)
    assert "Your password is changed" in mina.text("/desk/profile")
    assert token(mina) != old
    assert second.get("/desk/profile").status_code == 302


def test_tokens_end(desk: Desk, mina: Browser) -> None:
    """A token ends after a week without use, and after a month in any case."""
    now = desk.site.clock.now()
    with desk.site.db.read() as session:
        assert sign_in.find(session, now + timedelta(days=6), token(mina)) is not None
        assert sign_in.find(session, now + timedelta(days=8), token(mina)) is None
    with desk.site.db.write() as session:
        sign_in.touch(session, now + timedelta(days=29), sign_in.hash_token(token(mina)))
    with desk.site.db.read() as session:
        assert sign_in.find(session, now + timedelta(days=29), token(mina)) is not None
        assert sign_in.find(session, now + timedelta(days=31), token(mina)) is None


def test_use_keeps_a_token_alive(desk: Desk, mina: Browser) -> None:
    """Reading a page once a day keeps a browser signed in beyond the week."""
    clock = FrozenClock(desk.site.clock.now())
    desk.site.clock = clock
    for _day in range(10):
        clock.move(days=1)
        assert mina.get("/desk/profile").status_code == 200


def test_a_deactivated_agent_is_out_at_once(desk: Desk, mina: Browser) -> None:
    """Taking an agent's access away ends what is open, not only the next sign-in."""
    with desk.site.db.write() as session:
        agent = session.get(Agent, desk.person("mina"))
        assert agent is not None
        agent.active = False
    assert mina.get("/desk/profile").status_code == 302


def test_forms_need_their_token(desk: Desk, mina: Browser) -> None:
    """A form without the token, or with a stranger's, changes nothing; the sign-in too (S44)."""
    ticket_id, _ = desk.mail()
    stranger = desk.browser("jun").token()
    for data in ({}, {"csrf_token": stranger}):
        answer = mina.client.post(f"/desk/tickets/{ticket_id}/note", data={"text": "x", **data})
        assert answer.status_code == 400
        assert "too old" in answer.text
    form = {"address": "mina@desk.test", "password": PASSWORD}
    assert desk.browser().client.post("/sign-in", data=form).status_code == 400
