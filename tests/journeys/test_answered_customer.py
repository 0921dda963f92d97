"""From a customer's mail to an answered customer, through real servers and a real browser."""

from __future__ import annotations

import email
import hashlib
import os
import re
import smtplib
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from plugdesk.config import SiteConfig
from plugdesk.contract.tickets import Role
from plugdesk.site import Site
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.chromium import Chromium
from plugdesk.testing.servers.postgres import Postgres
from plugdesk.testing.servers.processes import wait_until
from plugdesk.testing.servers.smtp import SmtpServer
from plugdesk.testing.serving import ServedDesk
from plugdesk.testing.sites import PASSWORD, connect_mailbox, make_agent, new_site

ORDER = os.urandom(70_000)
INVOICE = os.urandom(50_000)
SOON = 20_000


@pytest.fixture(params=["sqlite", "postgresql"])
def config(
    request: pytest.FixtureRequest, tmp_path: Path, mailbox: Mailbox, smtp_server: SmtpServer
) -> SiteConfig:
    """A desk with an agent and one mailbox, on each kind of database."""
    url = ""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create_database()
    smtp_server.add_user(mailbox.address, mailbox.password)
    made = new_site(tmp_path / "site", database=url, plugins=("mailbox",))
    with Site(made) as site:
        make_agent(site, "mina@desk.test", name="Mina", role=Role.OWNER)
        connect_mailbox(
            site,
            address=mailbox.address,
            password=mailbox.password,
            imap_port=mailbox.server.imap_port,
            smtp_port=smtp_server.port,
            ca_files=[mailbox.server.ca_file, smtp_server.ca_file],
        )
    return made


class Customer:
    """Somebody with a mailbox and a mail client."""

    def __init__(self, name: str, mailbox: Mailbox, smtp: SmtpServer) -> None:
        self.address = f"{name.lower()}@{mailbox.address.partition('@')[0]}.customer.test"
        self.name = name
        self._server = mailbox.server
        self._smtp = smtp
        self._desk = mailbox.address
        self._server.add_user(self.address, "secret-of-a-customer")
        smtp.add_user(self.address, "secret-of-a-customer")

    def write(self, subject: str, text: str, **headers: str) -> EmailMessage:
        """Send a mail to the desk through the SMTP server."""
        message = EmailMessage()
        message["From"] = f"{self.name} <{self.address}>"
        message["To"] = self._desk
        message["Subject"] = subject
        message["Message-ID"] = f"<{os.urandom(8).hex()}@customer.test>"
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        return message

    def send(self, message: EmailMessage) -> None:
        """Hand a mail to the SMTP server."""
        with smtplib.SMTP("127.0.0.1", self._smtp.port) as client:
            client.starttls()
            client.login(self.address, "secret-of-a-customer")
            client.send_message(message)

    def inbox(self) -> list[EmailMessage]:
        """The mails that arrived for the customer."""
        stored = self._server.messages(self.address, "INBOX")
        return [email.message_from_bytes(one.raw, policy=default) for one in stored]


def sign_in(page: Page) -> None:
    """Sign in as the agent."""
    page.goto("/sign-in")
    page.get_by_label("Mail address").fill("mina@desk.test")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Unassigned")).to_be_visible()


def open_ticket(page: Page, subject: str, nth: int = 0) -> None:
    """Reload the inbox until a ticket is there, and open it."""

    def there() -> bool:
        page.goto("/desk/inbox/open")
        return page.get_by_role("link", name=subject).count() > nth

    wait_until(there, f"a ticket {subject!r}", 30)
    page.get_by_role("link", name=subject).nth(nth).click()
    expect(page.get_by_role("heading", name=subject).first).to_be_visible()


def test_a_customer_is_answered(
    config: SiteConfig,
    mailbox: Mailbox,
    smtp_server: SmtpServer,
    browser: Chromium,
    tmp_path: Path,
) -> None:
    """Mail in, answer out, the customer's answer joins; a stranger's same subject does not."""
    ann = Customer("Ann", mailbox, smtp_server)
    bob = Customer("Bob", mailbox, smtp_server)
    with (
        ServedDesk(config.folder, undo_seconds=0, poll_seconds=1) as desk,
        browser.context(base_url=desk.url) as context,
    ):
        question = ann.write("Order 4711", "Where is my order?\n")
        question.add_attachment(
            ORDER, maintype="application", subtype="pdf", filename="주문서 4711.pdf"
        )
        ann.send(question)

        page = context.new_page()
        sign_in(page)
        open_ticket(page, "Order 4711")
        expect(page.get_by_text("Where is my order?").first).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile("주문서 4711")).first.click()
        got = Path(download.value.path()).read_bytes()
        assert hashlib.sha256(got).digest() == hashlib.sha256(ORDER).digest()
        assert download.value.suggested_filename == "주문서 4711.pdf"

        invoice = tmp_path / "송장.pdf"
        invoice.write_bytes(INVOICE)
        page.get_by_label("Your reply to the customer").fill("It left today. 오늘 보냈습니다.")
        page.locator("#reply-form input[type=file]").set_input_files(invoice)
        page.locator("#reply-form").get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_text("It left today.").first).to_be_visible()

        wait_until(lambda: len(ann.inbox()) == 1, "the answer at the customer's", 30)
        answer = ann.inbox()[0]
        assert answer["Subject"] == "Re: Order 4711"
        assert answer["In-Reply-To"] == question["Message-ID"]
        assert question["Message-ID"] in answer["References"]
        body = answer.get_body(("plain",))
        assert body is not None
        assert "오늘 보냈습니다." in body.get_content()
        (attached,) = answer.iter_attachments()
        assert attached.get_filename() == "송장.pdf"
        assert attached.get_content() == INVOICE

        ann.send(
            ann.write(
                "Re: Order 4711",
                "Thank you! Anna\n\nOn Monday, Support wrote:\n> It left today.\n",
                In_Reply_To=str(answer["Message-ID"]),
                References=f"{answer['References']} {answer['Message-ID']}",
            )
        )
        bob.send(bob.write("Re: Order 4711", "I am somebody else.\n"))
        open_ticket(page, "Re: Order 4711")
        expect(page.get_by_text("I am somebody else.").first).to_be_visible()
        assert page.get_by_text("Thank you! Anna").count() == 0

        open_ticket(page, "Order 4711", nth=1)
        expect(page.get_by_text("Thank you! Anna").first).to_be_visible(timeout=SOON)
        assert page.get_by_text("I am somebody else.").count() == 0
        last = page.get_by_role("article").last
        last.locator("details.menu summary").click()
        last.get_by_role("link", name="Why is this message here?").click()
        expect(page.get_by_text(re.compile("reference", re.IGNORECASE)).first).to_be_visible()

        assert desk.stop() == 0
    assert len(smtp_server.received) == 4
