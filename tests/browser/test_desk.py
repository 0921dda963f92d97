"""An agent's day in a real browser: with and without scripts, in both languages, on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from desks import Desk
from plugdesk.contract.tickets import SYSTEM, Change
from plugdesk.tickets import operations
from plugdesk.tickets.models import Message
from sqlalchemy import select

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page

    SignedIn = Callable[..., AbstractContextManager[Page]]


def replies(desk: Desk, ticket_id: int) -> list[str]:
    """Return the texts of the replies on a ticket."""
    with desk.site.db.read() as session:
        query = select(Message.text).where(
            Message.ticket_id == ticket_id, Message.direction == "outgoing"
        )
        return list(session.scalars(query.order_by(Message.id)))


def sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return wider


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "plain"])
@pytest.mark.parametrize(("name", "send", "leave", "resolved"), [
    ("mina", "Send", "Leave the note", "Resolved"),
    ("minji", "보내기", "메모 남기기", "해결됨"),
])  # fmt: skip
def test_an_answer_and_a_note(
    name: str, send: str, leave: str, resolved: str, javascript: bool,
    desk: Desk, signed_in: SignedIn,
) -> None:  # fmt: skip
    """From the inbox to the ticket, an answer, a note and a status: all by the page's own forms."""
    subject = f"Broken bowl {name} {javascript}"
    ticket_id, _ = desk.mail("It came in two pieces.", subject=subject)
    with signed_in(name, javascript=javascript) as page:
        page.click(f"a.subject >> text={subject}")
        page.wait_for_url(f"**/desk/tickets/{ticket_id}")
        page.fill("#reply-text", "A new one is on its way.\n새 그릇을 보내 드립니다.")
        page.click(f'#reply-form button.primary:has-text("{send}")')
        page.wait_for_selector("article.outgoing >> text=새 그릇을 보내 드립니다.")
        page.click("[data-compose=note]")
        page.fill("#note-text", "Third one this week.")
        page.click(f'#note-form button:has-text("{leave}")')
        page.wait_for_selector("article.note >> text=Third one this week.")
        page.select_option("#p-status", "resolved")
        if not javascript:
            page.click("form:has(#p-status) button")
        page.wait_for_selector(f"#ticket-head .chip:has-text('{resolved}')")
    assert replies(desk, ticket_id) == ["A new one is on its way.\n새 그릇을 보내 드립니다."]


def test_undo(desk: Desk, signed_in: SignedIn) -> None:
    """A reply taken back stands in the editor again."""
    ticket_id, _ = desk.mail(subject="Undo me")
    with desk.site.db.write() as session:
        change = Change(assignee_id=desk.person("mina"))
        operations.change(desk.site, session, SYSTEM, ticket_id, change)
    with signed_in("mina") as page:
        page.goto(f"/desk/tickets/{ticket_id}")
        page.fill("#reply-text", "Too early")
        page.keyboard.press("Control+Enter")
        page.click(".delivery button")
        page.wait_for_url("**draft=**")
        assert page.input_value("#reply-text") == "Too early"
        page.fill("#reply-text", "")


def test_no_half_syllable_is_sent(desk: Desk, signed_in: SignedIn) -> None:
    """Mod+Enter while a syllable is being composed waits for it, and sends it whole."""
    ticket_id, _ = desk.mail(subject="한글")
    with signed_in("minji") as page:
        page.goto(f"/desk/tickets/{ticket_id}")
        page.focus("#reply-text")
        keys = page.context.new_cdp_session(page)
        keys.send("Input.insertText", {"text": "안녕하세"})
        keys.send("Input.imeSetComposition", {"text": "ㅇ", "selectionStart": 1, "selectionEnd": 1})
        keys.send("Input.dispatchKeyEvent", {
            "type": "rawKeyDown", "modifiers": 2, "key": "Process", "code": "Enter",
            "windowsVirtualKeyCode": 229,
        })  # fmt: skip
        assert replies(desk, ticket_id) == []
        keys.send("Input.imeSetComposition", {"text": "요", "selectionStart": 1, "selectionEnd": 1})
        keys.send("Input.insertText", {"text": "요"})
        page.wait_for_selector("article.outgoing >> text=안녕하세요")
    assert replies(desk, ticket_id) == ["안녕하세요"]


def test_what_others_say_appears(desk: Desk, signed_in: SignedIn) -> None:
    """New mail appears in list and ticket by itself; the text being written stays untouched."""
    ticket_id, message_id = desk.mail(subject="Live ticket")
    with signed_in("mina") as page:
        page.goto("/desk/inbox/open")
        desk.mail(subject="Arrived just now")
        page.wait_for_selector("#list >> text=Arrived just now")
        page.goto(f"/desk/tickets/{ticket_id}")
        page.fill("#reply-text", "I am writing")
        with desk.site.db.read() as session:
            header = session.get_one(Message, message_id).header_id
        desk.mail("One more thing.", in_reply_to=(header,))
        page.wait_for_selector("#timeline >> text=One more thing.")
        assert page.input_value("#reply-text") == "I am writing"
        assert page.evaluate("document.activeElement.id") == "reply-text"
        page.click("#reply-form button.primary")
        page.wait_for_selector("article.outgoing >> text=I am writing")


def test_mail_in_its_frame(desk: Desk, signed_in: SignedIn) -> None:
    """A mail keeps its looks, runs nothing, fetches nothing, and stands in full height."""
    html = (
        '<div style="color:rgb(200,0,0)">Red</div><script>parent.document.title="bad"</script>'
        '<img src="https://tracker.test/x.png" onerror="parent.document.title=1">'
        + "<p>A line</p>"
        * 60
    )
    ticket_id, message_id = desk.mail("Red", subject="Framed", html=html)
    with signed_in("mina", expected="tracker.test") as page:
        failures: dict[str, str | None] = {}
        page.on("requestfailed", lambda request: failures.update({request.url: request.failure}))
        page.on("requestfinished", lambda request: failures.update({request.url: None}))
        page.goto(f"/desk/tickets/{ticket_id}")
        frame = page.frame_locator("iframe[data-mail]")
        red = frame.locator("div", has_text="Red").evaluate("e => getComputedStyle(e).color")
        assert red == "rgb(200, 0, 0)"
        page.wait_for_function(
            "document.querySelector('iframe[data-mail]').getBoundingClientRect().height > 1500"
        )
        assert page.title() == "Framed · Plugdesk"
        # The browser's own word for what its policy stopped before any connection was made.
        assert failures["https://tracker.test/x.png"] == "csp"
        refused = page.context.new_page().goto(f"/desk/messages/{message_id}/html")
        assert refused is not None
        assert refused.status == 403


def test_many_rows_at_once(desk: Desk, signed_in: SignedIn) -> None:
    """Ticking rows opens the bar of actions; one click changes them all."""
    tickets = [desk.mail(subject=f"Spam {number}")[0] for number in range(3)]
    with signed_in("mina") as page:
        page.goto("/desk/inbox/open")
        assert not page.is_visible("[data-bulk] .actions")
        for ticket_id in tickets:
            page.check(f"#row-{ticket_id} input")
        assert "3 selected" in page.inner_text("[data-bulk]")
        page.click("[data-bulk] button[value=spam]")
        page.wait_for_selector("text=3 tickets changed.")


@pytest.mark.parametrize("width", [320, 375, 820, 1360])
@pytest.mark.parametrize("name", ["owner", "minji"])
def test_no_page_scrolls_sideways(width: int, name: str, desk: Desk, signed_in: SignedIn) -> None:
    """From 320 pixels on nothing sticks out, in either language."""
    long = "https://example.test/" + "very-long-path-" * 20
    ticket_id, message_id = desk.mail(long, subject="L" * 200, name="N" * 90)
    paths = ["/desk/inbox/open", f"/desk/tickets/{ticket_id}", "/desk/new", "/desk/profile",
             f"/desk/messages/{message_id}/why"]  # fmt: skip
    if name == "owner":
        paths += ["/admin/accounts", "/admin/plugins", "/admin/people", "/admin/quarantine"]
    with signed_in(name, viewport=(width, 800)) as page:
        for path in paths:
            page.goto(path)
            assert sideways(page) <= 0, path


def test_the_menu_of_a_phone(desk: Desk, signed_in: SignedIn) -> None:
    """On a phone the folders are behind a button, also without scripts."""
    with signed_in("mina", viewport=(375, 740), javascript=False) as page:
        assert not page.is_visible("#nav")
        page.click("[popovertarget=nav]")
        page.click("#nav >> text=Resolved")
        page.wait_for_url("**/desk/inbox/resolved")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(scheme: str, desk: Desk, signed_in: SignedIn) -> None:
    """No serious or critical finding of axe on the desk's pages, in both themes."""
    from axe_playwright_python.sync_playwright import Axe

    ticket_id, message_id = desk.mail("Look", subject="Axe", html="<p>Look</p>")
    with desk.site.db.write() as session:
        change = Change(add_tags=("vip",), assignee_id=desk.person("jun"))
        operations.change(desk.site, session, SYSTEM, ticket_id, change)
    paths = ["/desk/inbox/open", "/desk/inbox/trash", f"/desk/tickets/{ticket_id}",
             f"/desk/tickets/{ticket_id}?compose=note", "/desk/new", "/desk/profile",
             f"/desk/messages/{message_id}/why", f"/desk/messages/{message_id}/move",
             "/admin/accounts", "/admin/accounts/new", "/admin/plugins", "/admin/people",
             "/admin/quarantine", "/setup/next"]  # fmt: skip
    with signed_in("owner", color_scheme=scheme) as page:
        problems = []
        for path in paths:
            page.goto(path)
            found = Axe().run(page).response["violations"]
            problems += [
                (path, one["id"], one["nodes"][0]["html"][:200])
                for one in found
                if one["impact"] in ("serious", "critical")
            ]
    assert problems == []


def test_targets_are_large_enough(desk: Desk, signed_in: SignedIn) -> None:
    """Everything that is clicked is at least 24 pixels high and wide (WCAG 2.5.8)."""
    ticket_id, _ = desk.mail(subject="Targets")
    with desk.site.db.write() as session:
        operations.change(desk.site, session, SYSTEM, ticket_id, Change(add_tags=("vip",)))
    measure = """() => [...document.querySelectorAll("a, button, select, summary, label.pick")]
        .filter(e => e.checkVisibility() && getComputedStyle(e).display !== "inline")
        .map(e => [e.getBoundingClientRect(), e.outerHTML.slice(0, 120)])
        .filter(([box]) => box.width > 1 && (box.width < 24 || box.height < 24))
        .map(([box, html]) => `${box.width}x${box.height} ${html}`)"""
    with signed_in("mina") as page:
        for path in ("/desk/inbox/open", f"/desk/tickets/{ticket_id}"):
            page.goto(path)
            assert page.evaluate(measure) == [], path
