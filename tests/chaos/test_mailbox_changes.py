"""Whatever happens on the server, its mail is visible once: none lost, none twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from plugdesk.contract.tickets import SYSTEM, Change, Place
from plugdesk.intake import fetch, process
from plugdesk.intake.models import JournalEntry
from plugdesk.site import Site
from plugdesk.testing.crash import DoomedDesk, InlineParser
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.tcp_proxy import Fault, Side, TcpProxy
from plugdesk.testing.sites import connect_mailbox
from plugdesk.tickets.models import Message, Ticket
from plugdesk.tickets.operations import change
from sqlalchemy import select


def mail(subject: str, *, message_id: str | None = None, body: str = "Hello") -> bytes:
    """A small mail; without `message_id` it has one of its own, with an empty one none."""
    name = f"{subject.replace(' ', '-')}@x.test" if message_id is None else message_id
    header = f"Message-ID: <{name}>\r\n" if name else ""
    return (
        f"From: Ann <ann@x.test>\r\nTo: support@desk.test\r\nSubject: {subject}\r\n"
        f"{header}\r\n{body}\r\n"
    ).encode()


@pytest.fixture
def site(desk: DoomedDesk) -> Iterator[Site]:
    """The desk, opened, with mail understood in this process."""
    with Site(desk.config) as opened:
        opened.parser = InlineParser(seconds=6, megabytes=400)
        yield opened


@pytest.fixture
def sync(site: Site, desk: DoomedDesk) -> Callable[[], None]:
    """Fetches and processes all there is; fails the test when the account is in trouble."""

    def run() -> None:
        fetch.run(site, desk.account)
        process.run(site)

    return run


def subjects(site: Site) -> list[str]:
    """All visible messages, sorted."""
    with site.db.read() as session:
        return sorted(session.scalars(select(Message.subject)))


def states(site: Site) -> list[str]:
    """The states of all journal entries, sorted."""
    with site.db.read() as session:
        return sorted(session.scalars(select(JournalEntry.state)))


@pytest.mark.parametrize("change_of_epoch", [+1000, -1000], ids=["up", "down"])
def test_uidvalidity_changes(
    site: Site, sync: Callable[[], None], mailbox: Mailbox, change_of_epoch: int
) -> None:
    """A server that renumbers its mail, up or down, brings nothing twice and nothing less (C3)."""
    server, address = mailbox.server, mailbox.address
    server.deliver_many(address, [mail("one"), mail("two")])
    server.set_uidvalidity(address, "INBOX", 5000)
    sync()

    server.set_uidvalidity(address, "INBOX", 5000 + change_of_epoch)
    server.deliver(address, mail("three"))
    sync()
    sync()

    assert subjects(site) == ["one", "three", "two"]


def test_extensions_switched_off(site: Site, sync: Callable[[], None], mailbox: Mailbox) -> None:
    """A server without CONDSTORE, QRESYNC and IDLE gives the same result (C4)."""
    server, address = mailbox.server, mailbox.address
    with server.without("CONDSTORE", "QRESYNC", "IDLE"):
        server.deliver_many(address, [mail("one"), mail("two")])
        sync()
        server.deliver(address, mail("three"))
        sync()

    assert subjects(site) == ["one", "three", "two"]


def test_cut_in_the_middle_of_a_message(desk: DoomedDesk, mailbox: Mailbox) -> None:
    """A connection that breaks inside a message leaves nothing partial; later all is there (C6)."""
    server, address = mailbox.server, mailbox.address
    long = mail("long", body="x" * 70 + "\r\n" + "y" * 200_000)
    server.deliver_many(address, [mail("short"), long])
    with TcpProxy("127.0.0.1", server.imap_port) as proxy, Site(desk.config) as site:
        site.parser = InlineParser(seconds=6, megabytes=400)
        account = connect_mailbox(
            site,
            address=address,
            password=mailbox.password,
            imap_port=proxy.port,
            smtp_port=desk.smtp.port,
            ca_files=[server.ca_file],
        )
        for after in (20_000, 60_000, 150_000):
            proxy.fail(Fault(side=Side.SERVER, after_bytes=after))
            fetch.run(site, account)
            process.run(site)
            assert set(subjects(site)) <= {"short"}
        proxy.heal()
        fetch.run(site, account)
        process.run(site)

        assert subjects(site) == ["long", "short"]
        with site.db.read() as session:
            texts = session.scalars(select(Message.text).where(Message.subject == "long"))
            assert texts.one().count("y") == 200_000


def test_same_message_id_different_content(
    site: Site, sync: Callable[[], None], mailbox: Mailbox
) -> None:
    """Two mails that claim one Message-ID are two messages (C7)."""
    server, address = mailbox.server, mailbox.address
    server.deliver(address, mail("first", message_id="same@x.test"))
    server.deliver(address, mail("second", message_id="same@x.test"))
    sync()

    assert subjects(site) == ["first", "second"]


def test_no_message_id(site: Site, sync: Callable[[], None], mailbox: Mailbox) -> None:
    """A mail without a Message-ID is imported once, however often it is looked at (C8)."""
    server, address = mailbox.server, mailbox.address
    server.deliver(address, mail("nameless", message_id=""))
    sync()
    server.set_uidvalidity(address, "INBOX", 7)
    sync()

    assert subjects(site) == ["nameless"]


def test_one_mail_in_two_mailboxes(site: Site, desk: DoomedDesk, mailbox: Mailbox) -> None:
    """A mail to two of our accounts is one message in each, never two in one (C9)."""
    server = mailbox.server
    other = f"sales-{mailbox.address}"
    server.add_user(other, mailbox.password)
    second = connect_mailbox(
        site,
        address=other,
        password=mailbox.password,
        imap_port=server.imap_port,
        smtp_port=desk.smtp.port,
        ca_files=[server.ca_file, desk.smtp.ca_file],
    )
    for address in (mailbox.address, other):
        server.deliver(address, mail("both"))
    for account in (desk.account, second, desk.account):
        fetch.run(site, account)
    process.run(site)

    assert subjects(site) == ["both", "both"]
    with site.db.read() as session:
        accounts = session.scalars(select(Message.account_id))
        assert sorted(accounts) == sorted([desk.account, second])


def test_two_fetchers_at_once(desk: DoomedDesk, mailbox: Mailbox) -> None:
    """Two workers on one account make one row a message, each with its body (C10)."""
    mailbox.server.deliver_many(mailbox.address, [mail(f"m{n:02}") for n in range(30)])
    ready = threading.Barrier(2)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with Site(desk.config) as site:
                site.parser = InlineParser(seconds=6, megabytes=400)
                ready.wait(20)
                fetch.run(site, desk.account)
                process.run(site)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failures == []
    with Site(desk.config) as site:
        site.parser = InlineParser(seconds=6, megabytes=400)
        process.run(site)
        assert subjects(site) == [f"m{n:02}" for n in range(30)]
        with site.db.read() as session:
            assert {text.strip() for text in session.scalars(select(Message.text))} == {"Hello"}


def test_read_by_another_client(site: Site, sync: Callable[[], None], mailbox: Mailbox) -> None:
    """What somebody has read already is imported like the rest (C11)."""
    mailbox.server.deliver(mailbox.address, mail("read"), flags=("\\Seen", "\\Flagged"))
    sync()

    assert subjects(site) == ["read"]


def test_a_month_offline(site: Site, sync: Callable[[], None], mailbox: Mailbox) -> None:
    """A backlog of some hundred mails arrives whole (C12)."""
    sync()
    mailbox.server.deliver_many(mailbox.address, [mail(f"m{n:03}") for n in range(230)])
    sync()

    assert subjects(site) == [f"m{n:03}" for n in range(230)]


def test_deleted_here_stays_deleted(site: Site, sync: Callable[[], None], mailbox: Mailbox) -> None:
    """A ticket in the trash does not come back because its mail is still on the server (C13)."""
    mailbox.server.deliver(mailbox.address, mail("gone"))
    sync()
    with site.db.write() as session:
        ticket = session.scalars(select(Ticket.id)).one()
        change(site, session, SYSTEM, ticket, Change(place=Place.TRASH))
    mailbox.server.set_uidvalidity(mailbox.address, "INBOX", 99)
    sync()

    with site.db.read() as session:
        assert session.scalars(select(Ticket.place)).all() == ["trash"]


def test_moved_between_watched_folders(desk: DoomedDesk, mailbox: Mailbox, site: Site) -> None:
    """A mail moved between two folders that we read is one message with two sightings."""
    server, address = mailbox.server, mailbox.address
    server.create_folder(address, "Orders")
    uid = server.deliver(address, mail("moved"))
    account = connect_mailbox(
        site,
        address=address,
        password=mailbox.password,
        imap_port=server.imap_port,
        smtp_port=desk.smtp.port,
        ca_files=[server.ca_file],
        folders=["INBOX", "Orders"],
    )
    fetch.run(site, account)
    process.run(site)
    server.move(address, [uid], "INBOX", "Orders")
    fetch.run(site, account)
    process.run(site)

    assert subjects(site) == ["moved"]
    with site.db.read() as session:
        rows = session.execute(select(JournalEntry.state, JournalEntry.place))
        sightings = sorted((row.state, row.place) for row in rows)
    assert sightings == [("seen", "Orders"), ("visible", "INBOX")]


def test_poison_first_of_eighty(site: Site, sync: Callable[[], None], mailbox: Mailbox) -> None:
    """One mail that cannot be understood goes to quarantine; the other 79 arrive (C14)."""
    poison = b"From: x@x.test\r\nSubject: poison\r\n" + b"X-A: a\r\n" * 5_000 + b"\r\n\r\n"
    good = [mail(f"m{n:02}") for n in range(79)]
    mailbox.server.deliver_many(mailbox.address, [poison, *good])
    for _ in range(3):
        sync()

    assert subjects(site) == [f"m{n:02}" for n in range(79)]
    assert states(site) == ["quarantined"] + ["visible"] * 79


def test_dates_far_from_now_do_not_order(
    site: Site, sync: Callable[[], None], mailbox: Mailbox
) -> None:
    """Mails dated 1900 and 2099 stand where they arrived (C20)."""
    server, address = mailbox.server, mailbox.address
    for year in (2099, 1900):
        dated = f"Date: Mon, 1 Jan {year} 00:00:00 +0000\r\n".encode() + mail(f"of {year}")
        server.deliver(address, dated)
    sync()

    with site.db.read() as session:
        newest_first = select(Ticket.subject).order_by(Ticket.activity_at.desc(), Ticket.id.desc())
        assert session.scalars(newest_first).all() == ["of 1900", "of 2099"]
        moments = session.scalars(select(Message.created_at)).all()
    assert all(abs(moment - datetime.now(UTC)) < timedelta(hours=1) for moment in moments)
