"""A desk with people and mail on it, and browsers without a window that use it.

Loaded by the conftests of the page tests.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from plugdesk.accounts.models import Account
from plugdesk.contract.addresses import Address
from plugdesk.contract.messages import Attachment, IncomingMessage
from plugdesk.contract.tickets import Role
from plugdesk.intake.models import JournalEntry
from plugdesk.intake.receive import receive
from plugdesk.markup.sanitize import sanitize
from plugdesk.people.operations import add_agent
from plugdesk.site import Site
from werkzeug.test import TestResponse

PASSWORD = "correct horse battery"
PEOPLE = {
    "owner@desk.test": ("Olga Owner", Role.OWNER, "en"),
    "mina@desk.test": ("Mina Kim", Role.AGENT, "en"),
    "jun@desk.test": ("Jun Park", Role.AGENT, "en"),
    "minji@desk.test": ("김민지", Role.AGENT, "ko"),
    "obs@desk.test": ("Otto Observer", Role.OBSERVER, "en"),
}


@dataclass
class Desk:
    """A site with its application, an account, and one agent for each role."""

    site: Site
    app: Flask
    account_id: int = 0
    people: dict[str, int] = field(default_factory=dict)

    def person(self, name: str) -> int:
        """Return the person id of the agent with that local part, such as `mina`."""
        return self.people[f"{name}@desk.test"]

    def mail(
        self,
        text: str = "Where is my order?",
        *,
        subject: str = "My order",
        sender: str = "ann@customer.test",
        name: str = "Ann Customer",
        html: str = "",
        files: Sequence[Attachment] = (),
        **more: Any,
    ) -> tuple[int, int]:
        """Let a customer's mail come in; returns ticket id and message id."""
        site = self.site
        number = uuid4().hex
        message = IncomingMessage(
            sender=Address(name, sender),
            to=(Address("Support", "support@desk.test"),),
            subject=subject,
            text=text,
            html=sanitize(html),
            message_id=f"{number}@customer.test",
            attachments=tuple(files),
            **more,
        )
        blobs = site.blobs.put_many([file.content for file in files])
        with site.db.write() as session:
            entry = JournalEntry(
                account_id=self.account_id,
                key=f"INBOX:1:{number}",
                content_hash=(number * 2)[:64],
                size=len(text),
                place="INBOX",
                journaled_at=site.clock.now(),
            )
            session.add(entry)
            session.flush()
            row = receive(site, session, entry, message, blobs)
            entry.state, entry.message_id = "visible", row.id
            return row.ticket_id, row.id

    def browser(self, name: str = "") -> Browser:
        """Return a browser, signed in as the agent with that local part if one is named."""
        browser = Browser(self.app.test_client())
        if name:
            answer = browser.post(
                "/sign-in", {"address": f"{name}@desk.test", "password": PASSWORD}
            )
            assert answer.status_code == 302, answer.text
        return browser


class Browser:
    """Reads pages and sends their forms, with the token that a form carries."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **more: Any) -> TestResponse:
        """Ask for a page."""
        answer = self.client.get(path, **more)
        answer.get_data()
        answer.close()
        return answer

    def text(self, path: str) -> str:
        """Return a page that has to exist."""
        answer = self.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def post(self, path: str, form: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """Send a form with a valid token."""
        return self.client.post(path, data={"csrf_token": self.token(), **(form or {})}, **more)

    def token(self) -> str:
        """Return the token of this browser's forms."""
        answer = self.get("/desk/profile")
        page = answer.text if answer.status_code == 200 else self.get("/sign-in").text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page or "")
        if found is None:
            found = re.search(r'name="csrf_token" value="([^"]+)"', self.get("/setup").text)
        assert found is not None, page
        return found[1]


def people_and_account(site: Site) -> tuple[int, dict[str, int]]:
    """Make the account and the agents; returns the account's id and theirs by address."""
    with site.db.write() as session:
        account = Account(
            channel="mailbox",
            plugin="mailbox",
            name="Support",
            address="support@desk.test",
            config={},
            created_at=site.clock.now(),
        )
        session.add(account)
        people = {
            address: add_agent(
                site,
                session,
                name=name,
                address=address,
                password=PASSWORD,
                role=role,
                language=language,
            ).person_id
            for address, (name, role, language) in PEOPLE.items()
        }
        session.flush()
        return account.id, people
