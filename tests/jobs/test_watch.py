"""Watching accounts: each by one process, none delayed by another, whatever a channel does."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from plugdesk.accounts.models import Account
from plugdesk.accounts.operations import resume
from plugdesk.contract.tickets import SYSTEM
from plugdesk.intake.models import JournalEntry
from plugdesk.jobs.worker import Worker
from plugdesk.plugin import Channel, RawItem
from plugdesk.site import Site
from polling import wait_until
from pydantic import BaseModel
from sites import FunctionPlugin, enable
from sqlalchemy import func, select, update

MakeSite = Callable[..., Site]


class Nothing(BaseModel):
    """No settings."""


class Post:
    """The other side of all accounts of a test: what each channel finds, and how it behaves."""

    def __init__(self) -> None:
        self.letters: dict[int, queue.Queue[bytes]] = {}
        self.fetches: Counter[int] = Counter()
        self.waiting: Counter[int] = Counter()
        self.trouble: dict[int, Callable[[], object]] = {}

    def box(self, account_id: int) -> queue.Queue[bytes]:
        return self.letters.setdefault(account_id, queue.Queue())

    def plugin(self) -> FunctionPlugin:
        post = self

        class PostChannel(Channel[Nothing]):
            name = "post"
            label = "Post"
            settings = Nothing

            def fetch(self, cursor: str | None) -> Iterator[RawItem]:
                post.fetches[self.account.id] += 1
                post.trouble.get(self.account.id, lambda: None)()
                box = post.box(self.account.id)
                while not box.empty():
                    raw = box.get_nowait()
                    yield RawItem(key=raw.decode(), raw=raw)

            def wait(self, timeout: float, stop: threading.Event) -> bool:
                post.waiting[self.account.id] += 1
                try:
                    while not stop.is_set() and post.box(self.account.id).empty():
                        stop.wait(0.01)
                finally:
                    post.waiting[self.account.id] -= 1
                return True

        return FunctionPlugin("post", channels=lambda: [PostChannel])


@pytest.fixture
def post() -> Post:
    return Post()


def open_with(make_site: MakeSite, post: Post) -> Site:
    site = make_site(post.plugin())
    enable(site, post=True)
    site.jobs.register("intake.process", lambda _site: None)
    return site


def add_account(site: Site) -> int:
    with site.db.write() as session:
        account = Account(
            channel="post",
            plugin="post",
            name="Post",
            address="post@example.com",
            config={},
            created_at=site.clock.now(),
        )
        session.add(account)
        session.flush()
        return account.id


def set_account(site: Site, account_id: int, **values: Any) -> None:
    with site.db.write() as session:
        session.execute(update(Account).where(Account.id == account_id).values(**values))


def journaled(site: Site, account_id: int) -> int:
    with site.db.read() as session:
        query = select(func.count()).where(JournalEntry.account_id == account_id)
        return session.scalar(query) or 0


def has_journaled(site: Site, account_id: int, count: int) -> bool:
    return journaled(site, account_id) == count


def test_what_comes_is_fetched(make_site: MakeSite, post: Post) -> None:
    """An account is fetched from at once, and again whenever its channel says so."""
    site = open_with(make_site, post)
    account = add_account(site)
    post.box(account).put(b"first")
    worker = Worker(site, 1)
    worker.start()
    wait_until(lambda: journaled(site, account) == 1)
    wait_until(lambda: post.waiting[account])
    post.box(account).put(b"second")
    wait_until(lambda: journaled(site, account) == 2)
    assert worker.stop(10)
    assert post.waiting[account] == 0


def test_one_that_hangs_delays_no_other(make_site: MakeSite, post: Post) -> None:
    """While one account hangs in its server, mail of another arrives; one thread runs jobs."""
    site = open_with(make_site, post)
    hanging, quick = add_account(site), add_account(site)
    go_on = threading.Event()
    post.trouble[hanging] = lambda: go_on.wait(30)
    worker = Worker(site, 1)
    worker.start()
    wait_until(lambda: post.fetches[hanging])
    for number in range(2):
        post.box(quick).put(b"letter %d" % number)
        wait_until(partial(has_journaled, site, quick, number + 1))
    assert worker.stop(0.1) is False
    go_on.set()
    assert worker.stop(10)


@pytest.mark.parametrize("error", [ValueError("bug"), SystemExit(1)])
def test_a_channel_that_raises(make_site: MakeSite, post: Post, error: BaseException) -> None:
    """A channel with a bug rests for a while; mended, it works as soon as the owner resumes it."""
    site = open_with(make_site, post)
    account = add_account(site)

    def fail() -> None:
        raise error

    post.trouble[account] = fail
    worker = Worker(site, 1)
    worker.start()
    wait_until(lambda: post.fetches[account])
    post.trouble.clear()
    post.box(account).put(b"letter")

    def resumed() -> bool:
        with site.db.write() as session:
            resume(site, session, SYSTEM, account)
        return journaled(site, account) == 1

    wait_until(resumed)
    assert worker.stop(10)


def test_accounts_come_and_go(make_site: MakeSite, post: Post) -> None:
    """An account that is paused, or whose plugin is switched off, rests until it is back."""
    site = open_with(make_site, post)
    account = add_account(site)
    worker = Worker(site, 1)
    worker.start()
    steps: list[tuple[Callable[[], None], Callable[[], None]]] = [
        (
            partial(set_account, site, account, state="paused"),
            partial(set_account, site, account, state="active"),
        ),
        (partial(enable, site, post=False), partial(enable, site, post=True)),
    ]
    for off, on in steps:
        wait_until(lambda: post.waiting[account])
        off()
        wait_until(lambda: not post.waiting[account])
        on()
    wait_until(lambda: post.waiting[account])
    assert worker.stop(10)


def test_retry_at_is_respected(make_site: MakeSite, post: Post) -> None:
    """An account in trouble is left alone until its time has come."""
    site = open_with(make_site, post)
    account = add_account(site)
    retry_at = site.clock.now() + timedelta(hours=1)

    def fail() -> None:
        set_account(site, account, retry_at=retry_at)
        raise ValueError

    post.trouble[account] = fail
    worker = Worker(site, 1)
    worker.start()
    wait_until(lambda: post.fetches[account] == 1)
    assert worker.stop(10)
    assert post.fetches[account] == 1
    assert post.waiting[account] == 0


def test_one_process_watches(make_site: MakeSite, post: Post) -> None:
    """Of two processes one watches an account; when it stops, the other takes over."""
    first, second = (open_with(make_site, post) for _ in range(2))
    account = add_account(first)
    workers = [Worker(site, 1) for site in (first, second)]
    for worker in workers:
        worker.start()
    wait_until(lambda: post.waiting[account])
    post.box(account).put(b"letter")
    wait_until(lambda: journaled(first, account) == 1 and post.waiting[account])
    assert post.waiting[account] == 1
    before = post.fetches[account]
    assert workers[0].stop(10)
    wait_until(lambda: post.waiting[account])
    assert workers[1].stop(10)
    assert post.fetches[account] <= before + 1
