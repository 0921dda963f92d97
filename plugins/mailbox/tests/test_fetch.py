"""Reading a real Dovecot: all that is there, each once, and nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest
from plugdesk.plugin import ChannelSignedOut, ChannelUnavailable, RawItem
from plugdesk.testing.fixtures import Mailbox
from plugdesk_mailbox import MailboxChannel

MakeChannel = Callable[..., MailboxChannel]


def mail(number: int, size: int = 100) -> bytes:
    """Return a message that no other number has."""
    head = f"From: ann@customer.test\r\nSubject: Order {number}\r\n\r\n".encode()
    return head + b"x" * size + b"\r\n"


def mails(count: int) -> list[bytes]:
    """Return so many different messages."""
    return [mail(number) for number in range(count)]


def raws(items: Iterable[RawItem]) -> list[bytes]:
    """Return what the items contain."""
    return [item.raw for item in items]


def keep(items: Iterable[RawItem], kept: list[RawItem]) -> None:
    """Keep every item up to an error."""
    for item in items:
        kept.append(item)  # noqa: PERF402


def test_every_message_arrives_byte_for_byte(mailbox: Mailbox, open_channel: MakeChannel) -> None:
    """Bytes, place, time and key of each message are the server's own."""
    raw = "Subject: 한글\r\n\r\n".encode() + bytes(range(1, 256)).replace(b"\n", b"").replace(
        b"\r", b""
    )
    uid = mailbox.server.deliver(mailbox.address, raw)
    (item,) = open_channel().fetch(None)
    assert item.raw == raw
    assert item.place == "INBOX"
    validity = mailbox.server.uidvalidity(mailbox.address)
    assert item.key == f"INBOX:{validity}:{uid}"
    assert item.received_at is not None
    assert abs(item.received_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert item.problem == ""


def test_messages_come_oldest_first_with_the_rest_counted(
    mailbox: Mailbox, open_channel: MakeChannel
) -> None:
    """`remaining` counts down to nothing over all folders, for the progress bar."""
    mailbox.server.deliver_many(mailbox.address, mails(3))
    mailbox.server.deliver_many(mailbox.address, mails(2), folder="Shop")
    items = list(open_channel(folders=["INBOX", "Shop"]).fetch(None))
    assert raws(items) == mails(3) + mails(2)
    assert [item.remaining for item in items] == [4, 3, 2, 1, 0]


def test_nothing_changes_on_the_server(mailbox: Mailbox, open_channel: MakeChannel) -> None:
    r"""Reading leaves messages and flags as they were; `\Seen` above all."""
    uids = mailbox.server.deliver_many(mailbox.address, mails(3))
    mailbox.server.set_flags(mailbox.address, uids[:1], [r"\Flagged"])
    before = [(m.uid, m.flags - {r"\Recent"}) for m in mailbox.server.messages(mailbox.address)]
    assert len(list(open_channel().fetch(None))) == 3
    after = [(m.uid, m.flags - {r"\Recent"}) for m in mailbox.server.messages(mailbox.address)]
    assert after == before


def test_only_new_messages_follow_a_cursor(mailbox: Mailbox, open_channel: MakeChannel) -> None:
    """The last message, which servers repeat for `n:*`, is not given again."""
    mailbox.server.deliver_many(mailbox.address, mails(2))
    *_, last = open_channel().fetch(None)
    assert list(open_channel().fetch(last.cursor)) == []
    mailbox.server.deliver(mailbox.address, mail(9))
    assert raws(open_channel().fetch(last.cursor)) == [mail(9)]


def test_a_backlog_goes_on_from_any_item(mailbox: Mailbox, open_channel: MakeChannel) -> None:
    """Whoever stops after any item and comes back with its cursor gets exactly the rest."""
    count = 130
    mailbox.server.deliver_many(mailbox.address, mails(count))
    for stop in (1, 50, 51, 129):
        some = list(islice(open_channel().fetch(None), stop))
        rest = raws(open_channel().fetch(some[-1].cursor))
        assert raws(some) + rest == mails(count)


def test_large_messages_do_not_share_a_set(mailbox: Mailbox, open_channel: MakeChannel) -> None:
    """Sets are bounded in bytes too, and nothing falls between them."""
    big = [mail(number, size=3_000_000) for number in range(5)]
    mailbox.server.deliver_many(mailbox.address, big)
    assert raws(open_channel().fetch(None)) == big


@pytest.mark.parametrize("step", [1000, -1000])
def test_another_uidvalidity_lists_everything_again(
    mailbox: Mailbox, open_channel: MakeChannel, step: int
) -> None:
    """Up or down, a new epoch is read from its start, under keys of its own."""
    server, user = mailbox.server, mailbox.address
    server.deliver_many(user, mails(3))
    first = list(open_channel().fetch(None))
    server.set_uidvalidity(user, "INBOX", server.uidvalidity(user) + step)
    server.deliver(user, mail(7))
    second = list(open_channel().fetch(first[-1].cursor))
    assert raws(second) == [*mails(3), mail(7)]
    assert not {item.key for item in first} & {item.key for item in second}
    assert list(open_channel().fetch(second[-1].cursor)) == []


def test_uidvalidity_there_and_back_never_reuses_a_key(
    mailbox: Mailbox, open_channel: MakeChannel
) -> None:
    """A server that returns to an old epoch may number other messages; keys stay apart."""
    server, user = mailbox.server, mailbox.address
    server.deliver_many(user, mails(2))
    original = server.uidvalidity(user)
    seen: list[RawItem] = list(open_channel().fetch(None))
    for value in (original + 5, original):
        server.set_uidvalidity(user, "INBOX", value)
        seen += open_channel().fetch(seen[-1].cursor)
    assert len(seen) == 6
    assert len({item.key for item in seen}) == 6


def test_a_folder_restored_from_a_backup_is_read_again(
    mailbox: Mailbox, open_channel: MakeChannel
) -> None:
    """The same UIDVALIDITY with UIDs that count from below hides no new mail."""
    server, user = mailbox.server, mailbox.address
    server.deliver_many(user, mails(5), folder="Shop")
    validity = server.uidvalidity(user, "Shop")
    first = list(open_channel(folders=["Shop"]).fetch(None))
    server.doveadm("mailbox", "delete", "-u", user, "Shop")
    server.create_folder(user, "Shop")
    server.set_uidvalidity(user, "Shop", validity)
    assert server.deliver(user, mail(77), folder="Shop") == 1
    second = list(open_channel(folders=["Shop"]).fetch(first[-1].cursor))
    assert raws(second) == [mail(77)]
    assert second[0].key not in {item.key for item in first}
    assert list(open_channel(folders=["Shop"]).fetch(second[-1].cursor)) == []


def test_a_moved_message_is_seen_in_its_new_folder(
    mailbox: Mailbox, open_channel: MakeChannel
) -> None:
    """Moving between watched folders gives the same bytes a second time, with another key."""
    server, user = mailbox.server, mailbox.address
    uids = server.deliver_many(user, mails(2))
    server.create_folder(user, "Shop")
    channel = open_channel(folders=["INBOX", "Shop"])
    first = list(channel.fetch(None))
    server.move(user, uids[:1], "INBOX", "Shop")
    (moved,) = channel.fetch(first[-1].cursor)
    assert (moved.raw, moved.place) == (mail(0), "Shop")


def test_messages_read_elsewhere_still_arrive(mailbox: Mailbox, open_channel: MakeChannel) -> None:
    """Whether another client has read a message plays no role."""
    uids = mailbox.server.deliver_many(mailbox.address, mails(2))
    mailbox.server.set_flags(mailbox.address, uids, [r"\Seen"])
    assert raws(open_channel().fetch(None)) == mails(2)


def test_messages_that_vanish_while_reading_are_skipped(
    mailbox: Mailbox, open_channel: MakeChannel
) -> None:
    """Deleted between listing and fetching: the others arrive, without any problem."""
    uids = mailbox.server.deliver_many(mailbox.address, mails(120))
    reading = open_channel().fetch(None)
    first = next(reading)
    mailbox.server.delete(mailbox.address, [uids[60], uids[110], uids[119]])
    items = [first, *reading]
    assert len(items) == 117
    assert not any(item.problem for item in items)


def test_mail_that_arrives_while_reading_is_next(
    mailbox: Mailbox, open_channel: MakeChannel
) -> None:
    """What is delivered between listing and fetching comes with the next fetch at the latest."""
    mailbox.server.deliver_many(mailbox.address, mails(60))
    items: list[RawItem] = []
    for item in open_channel().fetch(None):
        if not items:
            mailbox.server.deliver(mailbox.address, mail(999))
        items.append(item)
    items += open_channel().fetch(items[-1].cursor)
    assert raws(items) == [*mails(60), mail(999)]


def test_too_large_a_message_comes_as_its_header(
    mailbox: Mailbox, open_channel: MakeChannel
) -> None:
    """It goes to quarantine with a sentence; the messages around it arrive whole."""
    huge = mail(1, size=200_000)
    mailbox.server.deliver_many(mailbox.address, [mail(0), huge, mail(2)])
    items = list(open_channel(max_message_size=100_000).fetch(None))
    assert [bool(item.problem) for item in items] == [False, True, False]
    assert items[1].raw == huge[: huge.index(b"\r\n\r\n") + 4]
    assert "100,000 bytes" in items[1].problem


def test_a_missing_folder_is_told_after_the_others(
    mailbox: Mailbox, open_channel: MakeChannel
) -> None:
    """The other folders are read whole before the sentence comes."""
    mailbox.server.deliver_many(mailbox.address, mails(2))
    collected: list[RawItem] = []
    with pytest.raises(ChannelUnavailable, match="“Gone”"):
        keep(open_channel(folders=["Gone", "INBOX"]).fetch(None), collected)
    assert raws(collected) == mails(2)


@pytest.mark.parametrize(
    "folder", ["받은 편지함", 'a "quoted" name', "R&D", "back\\slash", "日本/東"]
)
def test_any_folder_name_works(mailbox: Mailbox, open_channel: MakeChannel, folder: str) -> None:
    """Names travel in modified UTF-7 and quoted (RFC 3501, 5.1.3)."""
    mailbox.server.deliver(mailbox.address, mail(1), folder=folder)
    (item,) = open_channel(folders=[folder]).fetch(None)
    assert item.place == folder


def test_the_start_date_leaves_out_what_was_there_before(
    mailbox: Mailbox, open_channel: MakeChannel
) -> None:
    """Old mail stays out, also after an interruption; later arrivals count whatever their date."""
    old, new = '"01-Feb-2020 10:00:00 +0000"', '"01-Feb-2024 10:00:00 +0000"'
    with mailbox.server.client(mailbox.address) as client:
        for number, when in enumerate([old, new, old, new]):
            client.append("INBOX", "", when, mail(number))
    channel = open_channel(import_since=date(2023, 1, 1))
    first = next(channel.fetch(None))
    assert first.raw == mail(1)
    with mailbox.server.client(mailbox.address) as client:
        client.append("INBOX", "", old, mail(9))
    rest = list(channel.fetch(first.cursor))
    assert raws(rest) == [mail(3), mail(9)]
    assert list(channel.fetch(rest[-1].cursor)) == []


def test_nothing_depends_on_extensions(mailbox: Mailbox, open_channel: MakeChannel) -> None:
    """Without CONDSTORE, QRESYNC and IDLE the result is the same."""
    mailbox.server.deliver_many(mailbox.address, mails(3))
    with mailbox.server.without("CONDSTORE", "QRESYNC", "IDLE", "ESEARCH"):
        assert raws(open_channel().fetch(None)) == mails(3)


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "[]", '{"folders": 3}', '{"folders": {"INBOX": [1]}}']
)
def test_an_unreadable_cursor_starts_over(
    mailbox: Mailbox, open_channel: MakeChannel, cursor: str
) -> None:
    """Keys prevent doubles, so reading again is always the safe answer."""
    mailbox.server.deliver(mailbox.address, mail(1))
    assert raws(open_channel().fetch(cursor)) == [mail(1)]


def test_starttls_reads_the_same(mailbox: Mailbox, open_channel: MakeChannel) -> None:
    """STARTTLS on the port for clear text gives the same messages."""
    mailbox.server.deliver(mailbox.address, mail(1))
    channel = open_channel(imap_security="starttls", imap_port=mailbox.server.imap_port)
    assert raws(channel.fetch(None)) == [mail(1)]


@pytest.mark.parametrize("password", ["wrong", "비밀번호", 'wrong "quoted\\'])
def test_a_wrong_password_signs_the_account_out(open_channel: MakeChannel, password: str) -> None:
    """The desk stops and tells the owner, instead of trying until the account is locked."""
    with pytest.raises(ChannelSignedOut, match="does not accept"):
        list(open_channel(password=password).fetch(None))


def test_a_password_beyond_ascii_signs_in(mailbox: Mailbox, open_channel: MakeChannel) -> None:
    """LOGIN knows ASCII alone; AUTHENTICATE PLAIN takes the others."""
    mailbox.server.add_user(mailbox.address, "비밀번호-é")
    assert list(open_channel(password="비밀번호-é").fetch(None)) == []


def test_an_untrusted_certificate_is_refused(open_channel: MakeChannel) -> None:
    """Without the private authority in the settings nothing is sent, no password above all."""
    with pytest.raises(ChannelUnavailable, match="certificate of localhost cannot be trusted"):
        list(open_channel(ca_file=None).fetch(None))
