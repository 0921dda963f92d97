"""A new owner, from the first start to the first ticket, in the browser alone."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect
from plugdesk.cli.init import make_site
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.chromium import Chromium
from plugdesk.testing.servers.processes import wait_until
from plugdesk.testing.servers.smtp import SmtpServer
from plugdesk.testing.serving import ServedDesk

PASSWORD = "a long first password"
SOON = 30_000


def become_owner(page: Page, output: str) -> None:
    """Open the printed address and make the desk one's own."""
    found = re.search(r"/setup\?code=\S+", output)
    assert found is not None, output
    page.goto(found.group())
    page.locator("[name=name]").fill("Jina Kim")
    page.locator("[name=address]").fill("jina@shop.test")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password_again]").fill(PASSWORD)
    page.get_by_role("button", name="Make the desk mine").click()
    expect(page.get_by_role("heading", name="The desk is yours")).to_be_visible()


def fill_in(page: Page, mailbox: Mailbox, smtp: SmtpServer, authorities: Path) -> None:
    """Answer the full form for servers that nobody knows."""
    answers = {
        "imap_host": "127.0.0.1",
        "imap_port": str(mailbox.server.imap_port),
        "username": mailbox.address,
        "smtp_host": "127.0.0.1",
        "smtp_port": str(smtp.port),
        "ca_file": str(authorities),
    }
    for details in page.locator("main details").all():
        details.evaluate("one => one.open = true")
    for name, value in answers.items():
        page.locator(f"[name={name}]").fill(value)
    for name in ("imap_security", "smtp_security"):
        page.locator(f"[name={name}]").select_option("starttls")


def test_from_the_first_start_to_the_first_ticket(
    tmp_path: Path, mailbox: Mailbox, smtp_server: SmtpServer, browser: Chromium
) -> None:
    """Setup, a channel switched on, a wrong password told, the right one, the first mail."""
    smtp_server.add_user(mailbox.address, mailbox.password)
    mailbox.server.deliver(
        mailbox.address, b"From: Ann <ann@x.test>\r\nSubject: First mail\r\n\r\nHello desk\r\n"
    )
    authorities = tmp_path / "authorities.pem"
    authorities.write_text(
        Path(mailbox.server.ca_file).read_text() + Path(smtp_server.ca_file).read_text()
    )
    make_site(tmp_path / "site", language="en")
    with (
        ServedDesk(tmp_path / "site", poll_seconds=1) as desk,
        browser.context(base_url=desk.url) as context,
    ):
        page = context.new_page()
        wait_until(lambda: "/setup?code=" in desk.output, "the address of the setup")
        become_owner(page, desk.output)

        page.get_by_role("link", name="Connect a mailbox").click()
        page.get_by_role("button", name="Switch on and connect").click()
        page.get_by_label("Mail address").fill(mailbox.address)
        page.get_by_label("Name").fill("Support")
        page.locator("[name=password]").fill("not the password")
        page.get_by_role("button", name="Try it").click()
        fill_in(page, mailbox, smtp_server, authorities)
        page.get_by_role("button", name="Try it").click()
        expect(page.get_by_text("does not accept").first).to_be_visible(timeout=SOON)

        page.get_by_role("link", name="Change the settings").click()
        page.locator("[name=password]").fill(mailbox.password)
        page.get_by_role("button", name="Try it").click()
        page.get_by_role("button", name="Save and fetch mail").click(timeout=SOON)

        def arrived() -> bool:
            page.goto("/desk/inbox/unassigned")
            return page.get_by_role("link", name="First mail").count() > 0

        wait_until(arrived, "the first mail in the inbox", 30)
        page.get_by_role("link", name="First mail").click()
        expect(page.get_by_text("Hello desk").first).to_be_visible()
        page.goto("/admin/accounts")
        expect(page.get_by_text("1 new, 0 known, 0 quarantined").first).to_be_visible()
    flags = mailbox.server.messages(mailbox.address, "INBOX")[0].flags
    assert "\\Seen" not in flags
