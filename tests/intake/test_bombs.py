"""Mails made to exhaust a parser end in quarantine in time, while other mail goes on (S24)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from plugdesk.accounts import operations as accounts
from plugdesk.contract.messages import RawItem
from plugdesk.contract.tickets import SYSTEM
from plugdesk.intake import process
from plugdesk.intake.journal import write_down
from plugdesk.intake.models import JournalEntry
from plugdesk.site import Site
from plugdesk.testing.sites import new_site
from plugdesk.tickets.models import Message
from sqlalchemy import select

HEAD = b"From: Ann <ann@x.test>\r\nSubject: bomb\r\nMIME-Version: 1.0\r\n"


def nested(depth: int) -> bytes:
    """Parts within parts within parts."""
    levels = [
        f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"
        for level in range(depth)
    ]
    return HEAD + "".join(levels).encode()


def many_parts(count: int) -> bytes:
    """A very long row of empty parts."""
    start = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    return start + b"--b\r\n\r\n\r\n" * count


def html(markup: bytes) -> bytes:
    """A mail with only an HTML part."""
    return HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + markup


BOMBS = {
    "1,000 nested parts": nested(1_000),
    "500,000 parts": many_parts(500_000),
    "parentheses in From": b"From: " + b"(" * 2_000 + b"\r\nSubject: bomb\r\n\r\nx",
    "nested divs": html(b"<div>" * 100_000),
    "unclosed formatting": html(b"".join(b"<b a%d><i><u>" % n for n in range(60_000))),
    "endless references": HEAD + b"References: " + b"<a@b> " * 160_000 + b"\r\n\r\nx",
    "a megabyte of header": HEAD + b"X-Y: " + b"z" * 1_000_000 + b"\r\n\r\nx",
    "encoded words": HEAD + b"X-A: b\r\nSubject: " + b"=?utf-8?q?=" * 50_000 + b"\r\n\r\nx",
    "quote signs": HEAD + b"\r\n" + b"> " * 1_000_000,
    "attribution bait": HEAD + b"\r\n" + b"On a b " * 300_000 + b"wrote:",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the mailbox plugin, and the real parser with its real limits."""
    folder = tmp_path_factory.mktemp("bombs") / "site"
    with Site(new_site(folder, plugins=("mailbox",))) as opened:
        yield opened


@pytest.fixture
def account(site: Site) -> int:
    """A mailbox that nobody fetches from: the items come from the test."""
    values = {
        "imap_host": "imap.desk.test",
        "username": "support",
        "password": "secret",
        "smtp_host": "smtp.desk.test",
    }
    with site.db.write() as session:
        row = accounts.create(
            site,
            session,
            SYSTEM,
            channel="mailbox",
            name="Support",
            address="support@desk.test",
            values=values,
        )
        return row.id


def test_bombs_do_not_hold_up_the_others(site: Site, account: int) -> None:
    """Each bomb is visible or quarantined within 10 s, and the mail among them arrives."""
    good = b"From: Ann <ann@x.test>\r\nSubject: good %d\r\n\r\nHello\r\n"
    items = [RawItem(key=name, raw=raw) for name, raw in BOMBS.items()]
    items += [RawItem(key=f"good {n}", raw=good % n) for n in range(5)]
    write_down(site, account, items)

    process.run(site)

    with site.db.read() as session:
        columns = (JournalEntry.key, JournalEntry.state, JournalEntry.reason)
        rows = session.execute(select(*columns).where(JournalEntry.account_id == account))
        outcome = {row.key: (row.state, row.reason) for row in rows}
        subjects = session.scalars(select(Message.subject)).all()
    assert sorted(s for s in subjects if s.startswith("good")) == [f"good {n}" for n in range(5)]
    for name in BOMBS:
        state, reason = outcome[name]
        assert state in ("visible", "quarantined"), f"{name}: {state}"
        assert (state == "quarantined") == bool(reason)
    for name in ("1,000 nested parts", "500,000 parts", "nested divs"):
        assert outcome[name][0] == "quarantined"


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_alone_is_dealt_with_in_time(site: Site, account: int, name: str) -> None:
    """No bomb takes more than 10 s from the journal to its place."""
    write_down(site, account, [RawItem(key="first", raw=b"From: a@x.test\r\n\r\nHello")])
    process.run(site)  # starts the processes, which is no part of the bomb's time
    write_down(site, account, [RawItem(key=name, raw=BOMBS[name])])

    began = time.monotonic()
    process.run(site)
    took = time.monotonic() - began

    with site.db.read() as session:
        states = select(JournalEntry.state).where(
            JournalEntry.key == name, JournalEntry.account_id == account
        )
        assert session.scalars(states).one() != "new"
    assert took < 10
