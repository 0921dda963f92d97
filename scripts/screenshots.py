"""Take pictures of the pages of a sample site, which is made and served for that alone.

    .venv/bin/python scripts/screenshots.py             every page, in each language, theme and
                                                        width, below ./screenshots/
    .venv/bin/python scripts/screenshots.py --readme    the picture in the README

Needs Chromium (Debian: chromium) and, for Korean, fonts-noto-cjk.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page
from plugdesk.cli.init import make_site
from plugdesk.config import load_config
from plugdesk.contract.tickets import Role
from plugdesk.demo.loading import load
from plugdesk.people.models import Agent
from plugdesk.people.operations import find, set_role
from plugdesk.plugins.operations import enable
from plugdesk.site import Site
from plugdesk.testing.servers.chromium import Chromium
from plugdesk.testing.servers.processes import wait_until
from plugdesk.testing.serving import ServedDesk
from plugdesk.tickets.models import Message, Ticket
from sqlalchemy import select

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "pictures of a desk"
#: The owner whose pages are shown, by language.
OWNERS = {"en": "sora@dami-goods.example", "ko": "minji@dami-goods.example"}
LOCALES = {"en": "en-US", "ko": "ko-KR"}
WIDTHS = {"wide": (1280, 800), "tablet": (820, 1100), "phone": (390, 844)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
README_SIZE = (1200, 584)
SETUP = re.compile(r"http://\S+/setup\?code=\S+")
#: Names of pictures and where the pages lie; `{ticket}` is the number of a long conversation.
PAGES = {
    "unassigned": "/desk/inbox/unassigned",
    "open": "/desk/inbox/open",
    "ticket": "/desk/tickets/{ticket}",
    "note": "/desk/tickets/{ticket}?compose=note",
    "why": "/desk/messages/{message}/why",
    "move": "/desk/messages/{message}/move",
    "compose": "/desk/new",
    "accounts": "/admin/accounts",
    "account-new": "/admin/accounts/new/mailbox",
    "quarantine": "/admin/quarantine",
    "plugins": "/admin/plugins",
    "people": "/admin/people",
    "profile": "/desk/profile",
    "not-found": "/desk/tickets/999999",
}


def main() -> None:
    """Take the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--readme", action="store_true", help="only the picture in the README")
    parser.add_argument("--to", type=Path, default=ROOT / "screenshots", help="the folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Chromium() as chromium:
        site = Path(folder) / "samples"
        numbers = fill(site)
        with ServedDesk(site) as desk:
            if arguments.readme:
                take_readme(chromium, desk.url, ROOT / "docs/images/inbox.png")
                return
            take_all(chromium, desk.url, numbers, arguments.to)
        empty = Path(folder) / "empty"
        make_site(empty)
        with ServedDesk(empty) as desk:
            found = wait_until(lambda: SETUP.search(desk.output), "the address of the setup")
            take_setup(chromium, found.group(), arguments.to)


def fill(folder: Path) -> dict[str, int]:
    """Make a site with the samples; return the numbers of a long conversation."""
    make_site(folder)
    with Site(load_config(folder)) as site:
        load(site, password=PASSWORD)
        enable(site, "mailbox")
        with site.db.write() as session:
            for address in OWNERS.values():
                person = find(session, address)
                assert person is not None
                set_role(session, session.get_one(Agent, person.id), Role.OWNER)
        return longest_conversation(site)


def longest_conversation(site: Site) -> dict[str, int]:
    """Return the ticket with the most messages, and its last incoming message."""
    with site.db.read() as session:
        ticket = session.scalars(
            select(Ticket).where(Ticket.place == "inbox").order_by(Ticket.message_count.desc())
        ).first()
        assert ticket is not None
        message = session.scalars(
            select(Message.id)
            .where(Message.ticket_id == ticket.id, Message.direction == "incoming")
            .order_by(Message.id.desc())
        ).first()
        assert message is not None
        return {"ticket": ticket.id, "message": message}


def take_readme(chromium: Chromium, address: str, to: Path) -> None:
    """Take the one picture that the README shows."""
    with chromium.context(base_url=address, viewport=README_SIZE) as context:
        page = context.new_page()
        sign_in(page, OWNERS["en"])
        page.goto(PAGES["open"])
        to.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=to)
    print(f"{to}: {to.stat().st_size // 1024} KB")


def take_all(chromium: Chromium, address: str, numbers: dict[str, int], to: Path) -> None:
    """Take every page in each language, theme and width."""
    for language, owner in OWNERS.items():
        for theme in THEMES:
            with chromium.context(
                base_url=address, locale=LOCALES[language], color_scheme=theme
            ) as context:
                page = context.new_page()
                page.goto("/sign-in")
                take(page, to / language, f"sign-in.{theme}")
                sign_in(page, owner)
                for name, path in PAGES.items():
                    page.goto(path.format(**numbers))
                    take(page, to / language, f"{name}.{theme}")


def take_setup(chromium: Chromium, address: str, to: Path) -> None:
    """Take the page on which a new site gets its owner."""
    for language, locale in LOCALES.items():
        for theme in THEMES:
            with chromium.context(locale=locale, color_scheme=theme) as context:
                page = context.new_page()
                page.goto(address)
                take(page, to / language, f"setup.{theme}")


def take(page: Page, folder: Path, name: str) -> None:
    """Take the open page in every width."""
    folder.mkdir(parents=True, exist_ok=True)
    for word, (width, height) in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=folder / f"{name}.{word}.png", full_page=True)


def sign_in(page: Page, address: str) -> None:
    """Sign in and wait for the inbox."""
    page.goto("/sign-in")
    page.fill("input[name=address]", address)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit], form button.primary")
    page.wait_for_url("**/desk/**")


if __name__ == "__main__":
    main()
