"""When disk or database fail, what was acknowledged is there, and the desk recovers unaided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plugdesk.config import SiteConfig
from plugdesk.intake import fetch, process
from plugdesk.intake.models import JournalEntry
from plugdesk.site import Site
from plugdesk.testing.crash import DoomedDesk, InlineParser
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.postgres import Postgres
from plugdesk.testing.servers.smtp import SmtpServer
from plugdesk.testing.sites import connect_mailbox, new_site
from plugdesk.tickets.models import Message
from sqlalchemy import event, select

COUNT = 40


def mail(number: int) -> bytes:
    """A mail of some size with a subject of its own."""
    return (
        f"From: Ann <ann{number}@x.test>\r\nTo: support@desk.test\r\nSubject: m{number:02}\r\n"
        f"Message-ID: <m{number}@x.test>\r\n\r\n{'long text ' * 2000}\r\n"
    ).encode()


def subjects(site: Site) -> list[str]:
    """All visible messages, sorted."""
    with site.db.read() as session:
        return sorted(session.scalars(select(Message.subject)))


@pytest.mark.parametrize("template", ["sqlite"], indirect=True)
def test_full_disk(desk: DoomedDesk, mailbox: Mailbox) -> None:
    """A database that may not grow refuses; once it may, everything arrives by itself (C18)."""
    mailbox.server.deliver_many(mailbox.address, [mail(n) for n in range(COUNT)])
    with Site(desk.config) as site:
        site.parser = InlineParser(seconds=6, megabytes=400)
        fetch.run(site, desk.account)
        with site.db.writer.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        site.db.writer.dispose()
        limit = [pages + 30]

        def keep_small(connection: Any, _record: object) -> None:
            connection.execute(f"PRAGMA max_page_count={limit[0]}")

        event.listen(site.db.writer, "connect", keep_small)
        with pytest.raises(Exception, match="full"):
            process.run(site)
        visible = len(subjects(site))
        assert visible < COUNT
        with site.db.read() as session:
            done = session.scalars(
                select(JournalEntry.message_id).where(JournalEntry.state == "visible")
            ).all()
        assert len(done) == visible

        limit[0] = 1_000_000
        site.db.writer.dispose()
        event.remove(site.db.writer, "connect", keep_small)
        _forget_waits(site)
        process.run(site)

        assert subjects(site) == [f"m{n:02}" for n in range(COUNT)]


def test_full_disk_under_the_blobs(
    desk: DoomedDesk, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When raw mail cannot be synced, no row claims that it is there (C18)."""
    mailbox.server.deliver_many(mailbox.address, [mail(n) for n in range(3)])
    with Site(desk.config) as site:
        site.parser = InlineParser(seconds=6, megabytes=400)

        def refuse(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", refuse)
            fetch.run(site, desk.account)
        with site.db.read() as session:
            assert session.scalars(select(JournalEntry.id)).all() == []

        fetch.run(site, desk.account)
        process.run(site)
        assert subjects(site) == ["m00", "m01", "m02"]


@pytest.fixture
def fragile(
    tmp_path: Path, own_postgres: Postgres, mailbox: Mailbox, smtp_server: SmtpServer
) -> tuple[SiteConfig, int]:
    """A desk on a PostgreSQL that this test may restart."""
    url = own_postgres.create_database()
    config = new_site(tmp_path / "site", database=url, plugins=("mailbox",))
    with Site(config) as site:
        account = connect_mailbox(
            site,
            address=mailbox.address,
            password=mailbox.password,
            imap_port=mailbox.server.imap_port,
            smtp_port=smtp_server.port,
            ca_files=[mailbox.server.ca_file, smtp_server.ca_file],
        )
    return config, account


def test_database_restarted_during_commits(
    fragile: tuple[SiteConfig, int], own_postgres: Postgres, mailbox: Mailbox
) -> None:
    """PostgreSQL that crashes in the middle of commits: after retries, one effect each (C19)."""
    config, account = fragile
    mailbox.server.deliver_many(mailbox.address, [mail(n) for n in range(COUNT)])
    with Site(config) as site:
        site.parser = InlineParser(seconds=6, megabytes=400)
        commits = [0]

        def crash_sometimes(_connection: object) -> None:
            commits[0] += 1
            if commits[0] in (1, 5, 11):
                own_postgres.restart("immediate")

        event.listen(site.db.writer, "commit", crash_sometimes)
        for _ in range(8):
            try:
                fetch.run(site, account)
                _forget_waits(site)
                process.run(site)
            except Exception:
                continue
        assert commits[0] > 11

        assert subjects(site) == [f"m{n:02}" for n in range(COUNT)]


def _forget_waits(site: Site) -> None:
    """Let what was postponed be tried now."""
    with site.db.write() as session:
        for entry in session.scalars(select(JournalEntry).where(JournalEntry.state == "new")):
            entry.retry_at = None
