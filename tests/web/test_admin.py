"""The owner's pages: accounts, quarantine, plugins, people."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest
from desks import PASSWORD, Browser, Desk
from plugdesk.accounts import checks
from plugdesk.accounts.models import Account
from plugdesk.intake.models import JournalEntry
from plugdesk.people.models import Agent
from plugdesk.plugin import Channel, CheckResult
from plugdesk.plugins import rows
from plugdesk.plugins.registry import PluginRegistry
from plugdesk.plugins.states import HookHold
from plugdesk.settings.models import SettingsRow
from pydantic import BaseModel, Field, SecretStr
from sites import FunctionPlugin
from sqlalchemy import select


class Shade(StrEnum):
    """A choice."""

    TLS = "tls"
    NONE = "none"


class PostSettings(BaseModel):
    """Settings with every kind of question."""

    server: str = Field(title="Server", min_length=1)
    password: SecretStr = Field(title="Secret word")
    port: int = Field(default=993, ge=1, le=65535, title="Port number")
    shade: Shade = Field(default=Shade.TLS, title="Shade")
    folders: list[str] = Field(default_factory=lambda: ["INBOX"], title="Boxes")
    careful: bool = Field(default=True, title="Careful")


class PostChannel(Channel[PostSettings]):
    """A channel that works with one password only."""

    name = "post"
    label = "Post office"
    settings = PostSettings

    @classmethod
    def suggest(cls, address: str) -> dict[str, object]:
        """Know one provider."""
        known = address.endswith("@known.test")
        return {"server": "imap.known.test", "nonsense": 1} if known else {}

    def check(self) -> list[CheckResult]:
        """Accept the one password; break at another."""
        word = self.config.password.get_secret_value()
        if word == "crash":
            raise RuntimeError
        ok = word == "good"
        sentence = "Signed in." if ok else "The password was refused."
        return [CheckResult(label=f"Receiving from {self.config.server}", ok=ok, sentence=sentence)]


def channels() -> list[type[PostChannel]]:
    """Bring the channel."""
    return [PostChannel]


def raises() -> None:
    """Break."""
    msg = "broken at the core"
    raise RuntimeError(msg)


@pytest.fixture
def post(desk: Desk) -> Desk:
    """The desk with a plugin that brings the channel, switched on."""
    plugin = FunctionPlugin("post", channels=channels)
    use_plugins(desk, plugin, on=("post",))
    return desk


def use_plugins(desk: Desk, *plugins: FunctionPlugin, on: tuple[str, ...] = ()) -> None:
    """Let the desk find these plugins in place of the installed ones."""
    desk.site.plugins = PluginRegistry(desk.site, plugins)
    desk.site.hooks.__init__(desk.site.plugins)  # type: ignore[misc]
    desk.site.plugins.load()
    with desk.site.db.write() as session:
        for name in on:
            rows.save_switch(session, name, "1.0", on=True)


def run_check(desk: Desk, path: str) -> None:
    """Do what the worker does with a check that a page waits for."""
    desk.site.jobs.perform(checks.CHECK, check=path.rpartition("/")[2])


def test_a_known_provider_needs_address_and_password(post: Desk, owner: Browser) -> None:
    """The first page asks for two things; the rest follows, is tried, and saved encrypted."""
    assert owner.get("/admin/accounts/new").location == "/admin/accounts/new/post"
    page = owner.text("/admin/accounts/new/post")
    assert "Secret word" in page
    assert "Port number" not in page
    form = {"account_address": "Help@known.test", "account_name": "Help", "password": "good"}
    answer = owner.post("/admin/accounts/new/post", form)
    assert answer.status_code == 302, answer.text
    waiting = owner.text(answer.location)
    assert "Signing in both ways" in waiting
    assert 'http-equiv="refresh"' in waiting
    run_check(post, answer.location)
    done = owner.text(answer.location)
    assert "Receiving from imap.known.test" in done
    assert "Signed in." in done
    assert "Save and fetch mail" in done
    owner.post(answer.location)
    assert "Help is connected" in owner.text("/admin/accounts")
    with post.site.db.read() as session:
        account = session.scalars(select(Account).where(Account.channel == "post")).one()
        assert account.address == "help@known.test"
        assert account.config["server"] == "imap.known.test"
        assert "good" not in str(account.config)
        assert session.scalars(select(SettingsRow)).all() == []


def test_an_unknown_provider_is_asked_for_the_rest(post: Desk, owner: Browser) -> None:
    """What does not follow from the address is asked in the open, the defaults are folded."""
    form = {"account_address": "me@else.test", "password": "bad"}
    answer = owner.post("/admin/accounts/new/post", form)
    assert answer.status_code == 422
    folded = answer.text.split("<details")[-1]
    assert "The servers of this address are not known here." in answer.text
    assert "Fill this in." not in answer.text
    assert "Leave it empty to keep what is stored" in answer.text.split("<details")[0]
    assert 'name="server"' not in folded
    assert 'name="port"' in folded
    assert '<option value="tls" selected>TLS</option>' in folded
    assert "INBOX</textarea>" in folded
    assert 'value="bad"' not in answer.text


def test_a_failed_check_keeps_the_password(post: Desk, owner: Browser) -> None:
    """After a failure the owner corrects one thing; nothing has to be typed twice."""
    form = {"account_address": "help@known.test", "password": "bad"}
    first = owner.post("/admin/accounts/new/post", form).location
    run_check(post, first)
    assert "The password was refused." in owner.text(first)
    assert "Save anyway" in owner.text(first)
    number = first.rpartition("/")[2]
    page = owner.text(f"/admin/accounts/new/post?check={number}")
    assert "Leave it empty to keep what is stored" in page
    assert "imap.known.test" in page
    assert "bad" not in re.findall(r'value="([^"]*)"', page)
    asked = ["careful", "port"]
    more = {"account_address": "help@known.test", "check": number, "server": "other.test",
            "asked": asked, "port": "143", "folders": "INBOX\nSales"}  # fmt: skip
    second = owner.post("/admin/accounts/new/post", more).location
    with post.site.db.read() as session:
        candidate = checks.read_check(post.site, session, second.rpartition("/")[2]).candidate
    assert candidate.values == {
        "password": "bad", "server": "other.test", "careful": False, "port": "143",
        "folders": ["INBOX", "Sales"],
    }  # fmt: skip


def test_a_channel_that_breaks_is_a_result(post: Desk, owner: Browser) -> None:
    """An exception in `check` is told as a failed result; the page does not wait for ever."""
    form = {"account_address": "help@known.test", "password": "crash"}
    path = owner.post("/admin/accounts/new/post", form).location
    run_check(post, path)
    assert "The channel itself failed" in owner.text(path)
    assert owner.get("/admin/accounts/check/unknown").status_code == 404


def test_wrong_values_are_told_beside_their_fields(post: Desk, owner: Browser) -> None:
    """A port that is none and an address that is none are named, each at its field."""
    form = {
        "account_address": "nobody",
        "password": "x",
        "server": "s",
        "port": "90000",
        "asked": ["server", "port"],
    }
    page = owner.post("/admin/accounts/new/post", form).text
    assert "Enter 65535 or less." in page
    assert "Enter a whole mail address." in page


def test_an_account_is_changed_paused_and_resumed(post: Desk, owner: Browser) -> None:
    """Settings are changed without showing secrets; pausing stops, resuming starts."""
    with post.site.db.write() as session:
        from plugdesk.accounts import operations
        from plugdesk.contract.tickets import SYSTEM

        account_id = operations.create(
            post.site, session, SYSTEM, channel="post", name="Help", address="help@known.test",
            values={"server": "imap.known.test", "password": "good"},
        ).id  # fmt: skip
    page = owner.text(f"/admin/accounts/{account_id}")
    assert "imap.known.test" in page
    assert "good" not in re.findall(r'value="([^"]*)"', page)
    form = {"server": "new.test", "asked": ["careful"], "port": "1"}
    owner.post(f"/admin/accounts/{account_id}/settings", form)
    with post.site.db.read() as session:
        config = session.get_one(Account, account_id).config
    assert (config["server"], config["port"], config["careful"]) == ("new.test", 1, False)
    _, channel = operations.open_account(post.site, account_id)
    assert channel.config.password.get_secret_value() == "good"
    form = {"server": "", "port": "x"}
    assert owner.post(f"/admin/accounts/{account_id}/settings", form).status_code == 422
    owner.post(f"/admin/accounts/{account_id}", {"do": "pause"})
    assert "The account is paused" in owner.text("/admin/accounts")
    assert "Resume" in owner.text("/admin/accounts")
    owner.post(f"/admin/accounts/{account_id}", {"do": "resume"})
    assert "Pause" in owner.text("/admin/accounts")
    assert owner.post(f"/admin/accounts/{account_id}", {"do": "x"}).status_code == 400


def test_the_accounts_page_counts(desk: Desk, owner: Browser) -> None:
    """Each account shows what came in, what waits, and what is wrong in words."""
    desk.mail()
    with desk.site.db.write() as session:
        account = session.get_one(Account, desk.account_id)
        account.error = "imap.desk.test does not answer."
    page = owner.text("/admin/accounts")
    assert "1 new, 0 known, 0 quarantined" in page
    assert "imap.desk.test does not answer." in page
    assert "nothing fetched yet" in page
    assert "The plugin mailbox is off; the account rests" in page


def quarantined(desk: Desk, raw: bytes = b"From: \xff\r\n\r\n<script>") -> int:
    """Put an item into quarantine and return its id."""
    (name,) = desk.site.blobs.put_many([raw])
    with desk.site.db.write() as session:
        entry = JournalEntry(
            account_id=desk.account_id, key=f"INBOX:1:{name[:8]}", content_hash=name, size=len(raw),
            place="INBOX", journaled_at=desk.site.clock.now(), state="quarantined",
            reason="The message took too long.", detail="Traceback <b>", attempts=3,
        )  # fmt: skip
        session.add(entry)
        session.flush()
        return entry.id


def test_the_quarantine(desk: Desk, owner: Browser) -> None:
    """An item shows its reason, hands out its bytes as harmless text, and is tried again."""
    assert "Nothing is in quarantine." in owner.text("/admin/quarantine")
    entry_id = quarantined(desk)
    page = owner.text("/admin/quarantine")
    assert "The message took too long." in page
    assert "Traceback &lt;b&gt;" in page
    raw = owner.get(f"/admin/quarantine/{entry_id}/raw")
    assert raw.data == b"From: \xff\r\n\r\n<script>"
    assert raw.headers["Content-Disposition"].startswith("attachment")
    assert raw.headers["Content-Type"] == "application/octet-stream"
    owner.post("/admin/quarantine/retry", {})
    assert "Choose what to try again" in owner.text("/admin/quarantine")
    owner.post("/admin/quarantine/retry", {"entry": entry_id})
    assert "1 item is tried again" in owner.text("/admin/quarantine")
    quarantined(desk, b"another")
    owner.post("/admin/quarantine/retry", {"all": "1"})
    with desk.site.db.read() as session:
        assert set(session.scalars(select(JournalEntry.state))) == {"new"}


def test_plugins_are_switched_and_their_trouble_is_shown(desk: Desk, owner: Browser) -> None:
    """A plugin is switched off at once; a held hook shows its traceback and can be retried."""
    use_plugins(desk, FunctionPlugin("sound"), FunctionPlugin("sick"), on=("sick",))
    with desk.site.db.write() as session:
        hold = HookHold(hook="navigation", error="Traceback: <broken>", at=desk.site.clock.now())
        rows.save_hold(session, "sick", hold)
    page = owner.text("/admin/plugins")
    assert "Traceback: &lt;broken&gt;" in page
    assert "failed again and again at “navigation”" in page
    owner.post("/admin/plugins/sick", {"do": "retry", "hook": "navigation"})
    page = owner.text("/admin/plugins")
    assert "again and again" not in page
    owner.post("/admin/plugins/sick", {"do": "disable"})
    assert "sick is off. Its data stays." in owner.text("/admin/plugins")
    assert owner.post("/admin/plugins/sick", {"do": "x"}).status_code == 400
    owner.post("/admin/plugins/nobody", {"do": "enable"})
    assert "no plugin named" in owner.text("/admin/plugins")


def test_pages_live_with_broken_plugins(desk: Desk, owner: Browser) -> None:
    """Navigation and panels of a plugin that raises are left out; every page works."""
    ticket_id, _ = desk.mail()

    def navigation(agent: object) -> None:
        raises()

    def ticket_panels(ticket: object, agent: object) -> str:
        return "no panel at all"

    broken = FunctionPlugin("broken", navigation=navigation, ticket_panels=ticket_panels)
    use_plugins(desk, broken, on=("broken",))
    for path in ("/desk/inbox/open", f"/desk/tickets/{ticket_id}", "/admin/plugins"):
        assert owner.get(path).status_code == 200
    assert "broken at the core" in owner.text("/admin/plugins")


def test_people_are_added(desk: Desk, owner: Browser) -> None:
    """An owner adds an agent, who can sign in, and changes roles; the last owner stays one."""
    form = {"name": "Nele", "address": "nele@desk.test", "password": "short", "role": "lead",
            "language": "ko"}  # fmt: skip
    answer = owner.post("/admin/people", form)
    assert answer.status_code == 422
    assert 'value="Nele"' in answer.text
    owner.post("/admin/people", {**form, "password": PASSWORD})
    assert "Nele can sign in now." in owner.text("/admin/people")
    assert 'lang="ko"' in desk.browser("nele").text("/desk/profile")
    owner.post(f"/admin/people/{desk.person('owner')}", {"role": "agent"})
    assert "needs an owner" in owner.text("/admin/people")
    owner.post(f"/admin/people/{desk.person('jun')}", {"role": "observer"})
    with desk.site.db.read() as session:
        assert session.get_one(Agent, desk.person("jun")).role == "observer"
    assert owner.post("/admin/people/999", {"role": "agent"}).status_code == 404
    assert owner.post("/admin/people/1", {"role": "king"}).status_code == 400


def test_a_new_account_gets_its_team(post: Desk, owner: Browser) -> None:
    """The team chosen in the form stays through a failed check, and gets the new tickets."""
    assert "New tickets go to" not in owner.text("/admin/accounts/new/post")
    owner.post("/admin/teams", {"name": "Sales"})
    assert "New tickets go to" in owner.text("/admin/accounts/new/post")
    form = {"account_address": "help@known.test", "password": "bad", "team": "1"}
    first = owner.post("/admin/accounts/new/post", form).location
    run_check(post, first)
    number = first.rpartition("/")[2]
    assert '<option value="1" selected>Sales' in owner.text(
        f"/admin/accounts/new/post?check={number}"
    )
    owner.post(first)
    with post.site.db.read() as session:
        account = session.scalars(select(Account).where(Account.channel == "post")).one()
    assert account.team_id == 1
    assert '<option value="1" selected>Sales' in owner.text(f"/admin/accounts/{account.id}")
