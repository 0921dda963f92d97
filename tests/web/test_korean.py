"""What was found out by jobs and plugins, as an owner reads it whose language is Korean."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from desks import Browser, Desk
from plugdesk.accounts import checks
from plugdesk.accounts import operations as accounts
from plugdesk.errors import ChannelUnavailable
from plugdesk.i18n import LazyText, joined, lazy_gettext, stored
from plugdesk.intake import worker
from plugdesk.intake.models import JournalEntry
from plugdesk.outbox.models import OutboxEntry
from plugdesk.plugins import rows
from plugdesk.plugins.registry import PluginRegistry
from plugdesk_mailbox import MailboxChannel
from plugdesk_mailbox.problems import connection_problem, sign_in_error
from plugdesk_mailbox.settings import Security
from plugdesk_mailbox.smtp.send import _said, _unclear
from sites import FunctionPlugin
from sqlalchemy import select

#: Three English words in a row, outside of quotation marks, which hold a server's own words.
ENGLISH = re.compile(r"[A-Za-z]+,? [a-z]+,? [a-z]+")
QUOTED = re.compile(r"“[^”]*”")


class Shown(HTMLParser):
    """Collects what stands on a page, without tracebacks."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style", "select")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style", "select")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(QUOTED.sub("", data))


def page_of(browser: Browser, path: str) -> str:
    """Return a page's texts; there is no English among them."""
    shown = Shown()
    shown.feed(browser.text(path))
    english = [text for text in shown.texts if ENGLISH.search(text)]
    assert not english, path
    return "\n".join(shown.texts)


def use_plugins(desk: Desk, *plugins: FunctionPlugin, on: tuple[str, ...] = ()) -> None:
    """Let the desk find these plugins in place of the installed ones."""
    desk.site.plugins = PluginRegistry(desk.site, plugins)
    desk.site.hooks.__init__(desk.site.plugins)  # type: ignore[misc]
    desk.site.plugins.load()
    with desk.site.db.write() as session:
        for name in on:
            rows.save_switch(session, name, "1.0", on=True)


@pytest.fixture
def korean(owner: Browser) -> Browser:
    """The owner's browser, in Korean."""
    owner.post("/desk/profile", {"language": "ko", "name": "Olga"})
    page_of(owner, "/desk/profile")
    return owner


def test_an_account_in_trouble(desk: Desk, korean: Browser) -> None:
    """What a fetch found wrong reads in Korean, around the server's own words."""
    failure = ChannelUnavailable(
        joined(
            sign_in_error("imap.naver.com", b"[UNAVAILABLE] come back later please").sentence,
            connection_problem(TimeoutError(), "imap.naver.com", 993, Security.TLS),
        )
    )
    accounts.fetch_failed(desk.site, desk.account_id, failure)
    page = page_of(korean, "/admin/accounts")
    assert "imap.naver.com 서버에 지금은 로그인할 수 없습니다" in page
    assert "포트와 방화벽을 확인하세요" in page
    page_of(korean, "/desk/inbox/open")


def test_a_check(desk: Desk, korean: Browser) -> None:
    """The check of an account runs in the background, in the language of who asked for it."""
    plugin = FunctionPlugin("mailbox", channels=lambda: [MailboxChannel])
    use_plugins(desk, plugin, on=("mailbox",))
    nowhere = {"imap_host": "imap.nowhere.invalid", "smtp_host": "smtp nowhere.invalid"}
    form = {"account_address": "a@nowhere.test", "username": "a", "password": "b", **nowhere}
    answer = korean.post("/admin/accounts/new/mailbox", form)
    assert answer.status_code == 302, answer.text
    desk.site.jobs.perform(checks.CHECK, check=answer.location.rpartition("/")[2])
    page = page_of(korean, answer.location)
    assert "imap.nowhere.invalid 서버를 찾을 수 없습니다" in page


def test_the_quarantine(desk: Desk, korean: Browser) -> None:
    """The parser, which knows no language, leaves reasons that every owner can read."""
    raw = b"From: a@b.test\n" + b"X-A: b\n" * 3000 + b"\nhello"
    place = f"{MailboxChannel.__module__}:{MailboxChannel.__qualname__}"
    parsed = worker.load(worker.parse_batch(place, [raw])[0])
    with desk.site.db.write() as session:
        session.add(
            JournalEntry(
                account_id=desk.account_id,
                key="INBOX:1:1",
                content_hash="0" * 64,
                size=1,
                place="INBOX",
                journaled_at=desk.site.clock.now(),
                state="quarantined",
                reason=parsed.reason,
            )
        )
    assert "헤더 필드가 2000개보다 많습니다" in page_of(korean, "/admin/quarantine")


def test_a_plugin_that_cannot_be_used(desk: Desk, korean: Browser) -> None:
    """Reasons found at start, before anybody asked, are said to whoever opens the page."""
    use_plugins(desk, FunctionPlugin("Wrong Name"), FunctionPlugin("core"))
    page = page_of(korean, "/admin/plugins")
    assert "플러그인 이름으로 쓸 수 없습니다" in page
    assert "데스크가 이미 쓰는 이름" in page
    korean.post("/admin/plugins/nobody", {"do": "enable"})
    assert "플러그인이 없습니다" in page_of(korean, "/admin/plugins")


@pytest.mark.parametrize(
    ("state", "detail", "korean_detail"),
    [
        ("failed", _said(550, b"5.1.1 no such user here"), "없는 주소입니다."),
        ("unknown", _unclear(lazy_gettext("The server hung up")), "서버가 연결을 끊었습니다"),
        ("deferred", lazy_gettext("The worker that was sending it ended."), "도중에 끝났습니다"),
    ],
)
def test_a_delivery(
    desk: Desk, korean: Browser, state: str, detail: LazyText, korean_detail: str
) -> None:
    """What became of a reply reads in Korean, around the server's own words."""
    ticket_id, message_id = desk.mail(
        "언제 오나요?", subject="배송", defects=("The message ends before its last part does.",)
    )
    korean.post(f"/desk/tickets/{ticket_id}/reply", {"text": "hi", "to": "ann@customer.test"})
    with desk.site.db.write() as session:
        entry = session.scalars(select(OutboxEntry)).one()
        entry.state, entry.detail = state, stored(detail)
        entry.refused = {"b@customer.test": stored(_said(552, b"5.2.2 is full now"))}
    page = page_of(korean, f"/desk/tickets/{ticket_id}")
    assert korean_detail in page
    assert "받는 사람의 메일함이 가득 찼습니다." in page
    why = page_of(korean, f"/desk/messages/{message_id}/why")
    assert "마지막 부분이 끝나기 전에" in why
