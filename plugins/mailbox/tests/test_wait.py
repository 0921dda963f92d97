"""Waiting for mail: told at once by IDLE, within the pause without it, and never for nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from plugdesk.plugin import ChannelUnavailable
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.tcp_proxy import Fault, Side, TcpProxy
from plugdesk_mailbox import MailboxChannel
from plugdesk_mailbox.imap.idle import Pace

MakeChannel = Callable[..., MailboxChannel]
RAW = b"Subject: hello\r\n\r\nhello\r\n"
QUICK = Pace(keep_alive=0.4, answer=0.5, poll=0.2, tick=0.05)
STEADY = Pace(tick=0.05)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A thread to wait in."""
    with ThreadPoolExecutor(1) as running:
        yield running


def paced(channel: MailboxChannel, pace: Pace) -> MailboxChannel:
    """Give one channel object a pace of its own."""
    channel.pace = pace  # type: ignore[misc]
    return channel


class Noticed(Fault):
    """No fault at all: notices when the server begins to idle."""

    def __init__(self) -> None:
        super().__init__(side=Side.SERVER, times=None)
        self.idling = threading.Event()

    def limit(self, passed: int, tail: bytes, chunk: bytes) -> int | None:
        """Let everything pass."""
        if b"+ idling" in tail + chunk:
            self.idling.set()
        return None


def waiting(
    pool: ThreadPoolExecutor, channel: MailboxChannel, proxy: TcpProxy, stop: threading.Event
) -> Future[bool]:
    """Begin to wait, and return once the server idles."""
    noticed = Noticed()
    proxy.fail(noticed)
    future = pool.submit(channel.wait, 20, stop)
    assert noticed.idling.wait(10)
    return future


def test_new_mail_ends_the_wait_at_once(
    mailbox: Mailbox, open_through: MakeChannel, proxy: TcpProxy, pool: ThreadPoolExecutor
) -> None:
    """IDLE tells within moments, long before any keep-alive."""
    channel = paced(open_through(), STEADY)
    future = waiting(pool, channel, proxy, threading.Event())
    delivered = time.monotonic()
    mailbox.server.deliver(mailbox.address, RAW)
    assert future.result(10) is True
    assert time.monotonic() - delivered < 3


def test_tls_delivers_the_news_too(
    mailbox: Mailbox, open_channel: MakeChannel, pool: ThreadPoolExecutor
) -> None:
    """What TLS has decrypted already is not overlooked while we wait for the socket."""
    channel = paced(open_channel(), QUICK)
    list(channel.fetch(None))
    future = pool.submit(channel.wait, 20, threading.Event())
    mailbox.server.deliver(mailbox.address, RAW)
    assert future.result(10) is True


def test_mail_between_reading_and_waiting_is_noticed(
    mailbox: Mailbox, open_channel: MakeChannel
) -> None:
    """The object remembers where its reading ended; no mail falls into the gap."""
    channel = paced(open_channel(), STEADY)
    list(channel.fetch(None))
    mailbox.server.deliver(mailbox.address, RAW)
    begun = time.monotonic()
    assert channel.wait(20, threading.Event()) is True
    assert time.monotonic() - begun < 3


def test_mail_between_two_waits_is_noticed(
    mailbox: Mailbox, open_channel: MakeChannel, pool: ThreadPoolExecutor
) -> None:
    """Whoever fetches through another object misses nothing either: each arrival counts once."""
    channel, now = paced(open_channel(folders=["INBOX", "Shop"]), QUICK), threading.Event()
    mailbox.server.create_folder(mailbox.address, "Shop")
    assert channel.wait(0.1, now) is False
    for folder in ("INBOX", "Shop"):
        mailbox.server.deliver(mailbox.address, RAW, folder=folder)
        assert channel.wait(10, now) is True
        assert channel.wait(0.3, now) is False


def test_an_interrupted_reading_does_not_wait(mailbox: Mailbox, open_channel: MakeChannel) -> None:
    """Who stopped reading early has more to read at once."""
    mailbox.server.deliver_many(mailbox.address, [RAW, RAW + b"2\r\n"])
    channel = open_channel()
    next(channel.fetch(None))
    assert channel.wait(20, threading.Event()) is True


def test_nothing_new_ends_with_the_time(open_channel: MakeChannel) -> None:
    """Keep-alives alone are no news."""
    channel = paced(open_channel(), QUICK)
    list(channel.fetch(None))
    begun = time.monotonic()
    assert channel.wait(1.2, threading.Event()) is False
    assert 1.0 < time.monotonic() - begun < 4


def test_a_stop_is_honoured_quickly(
    open_through: MakeChannel, proxy: TcpProxy, pool: ThreadPoolExecutor
) -> None:
    """Stopping the desk does not wait for mail."""
    stop = threading.Event()
    future = waiting(pool, paced(open_through(), STEADY), proxy, stop)
    stopped = time.monotonic()
    stop.set()
    assert future.result(10) is False
    assert time.monotonic() - stopped < 2


def test_other_folders_are_asked_now_and_then(
    mailbox: Mailbox, open_through: MakeChannel, proxy: TcpProxy, pool: ThreadPoolExecutor
) -> None:
    """Mail in the second folder ends the wait at the next keep-alive."""
    mailbox.server.create_folder(mailbox.address, "Shop")
    channel = paced(open_through(folders=["INBOX", "Shop"]), QUICK)
    list(channel.fetch(None))
    future = pool.submit(channel.wait, 20, threading.Event())
    mailbox.server.deliver(mailbox.address, RAW, folder="Shop")
    assert future.result(10) is True


def test_without_idle_the_server_is_asked(
    mailbox: Mailbox, open_channel: MakeChannel, pool: ThreadPoolExecutor
) -> None:
    """Polling finds new mail, and only new mail, on servers without IDLE."""
    with mailbox.server.without("IDLE"):
        channel = paced(open_channel(), QUICK)
        list(channel.fetch(None))
        assert channel.wait(0.5, threading.Event()) is False
        future = pool.submit(channel.wait, 20, threading.Event())
        mailbox.server.deliver(mailbox.address, RAW)
        assert future.result(10) is True


def test_a_half_open_link_is_noticed(
    mailbox: Mailbox, open_through: MakeChannel, proxy: TcpProxy, pool: ThreadPoolExecutor
) -> None:
    """A link that went dead silently counts as news at the next keep-alive: look again."""
    channel = paced(open_through(), Pace(keep_alive=1.0, answer=0.5, tick=0.05))
    list(channel.fetch(None))
    future = waiting(pool, channel, proxy, threading.Event())
    proxy.stalled = True
    mailbox.server.deliver(mailbox.address, RAW)
    channel.silence = 0.5  # type: ignore[misc]
    assert future.result(10) is True


def test_a_link_that_breaks_at_once_is_an_error(
    open_through: MakeChannel, proxy: TcpProxy, pool: ThreadPoolExecutor
) -> None:
    """A server that keeps hanging up is met with backoff, not with a busy loop."""
    future = waiting(pool, paced(open_through(), STEADY), proxy, threading.Event())
    proxy.cut_all()
    with pytest.raises(ChannelUnavailable):
        future.result(10)
