"""Watching accounts: a thread for each, so that one that hangs delays no other.

One process of the site watches an account at a time; a lease that it renews sees to that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from plugdesk.accounts.models import Account
from plugdesk.contract.channels import Channel
from plugdesk.errors import ChannelError
from plugdesk.jobs import leases
from plugdesk.jobs.handlers import INTAKE_FETCH
from plugdesk.jobs.models import Lease

if TYPE_CHECKING:
    from plugdesk.site import Site

logger = logging.getLogger(__name__)
LEASE_SECONDS = 45.0
_SHORTEST_ROUND = 0.5
_LONGEST_PAUSE = 300.0
#: How long a pause may hide that the owner cleared `retry_at`.
_GLANCE_SECONDS = 5.0


@dataclass(frozen=True)
class _Watched:
    """What a watch works with; when it changes, a new watch begins."""

    account_id: int
    channel: str
    config: Mapping[str, Any]

    @property
    def lease(self) -> str:
        return f"watch:{self.account_id}"


class Watchers:
    """The watches of this process."""

    def __init__(self, site: Site, owner: str) -> None:
        self._site = site
        self._owner = owner
        self._watches: dict[int, Watch] = {}
        self._lock = threading.Lock()
        self._stopping = False

    def look(self) -> None:
        """Start watches for accounts that came, end those of accounts that went or changed."""
        with self._lock:
            wanted = self._wanted()
            for account_id, watch in list(self._watches.items()):
                if wanted.get(account_id) != watch.watched:
                    watch.stop()
                if not watch.is_alive():
                    del self._watches[account_id]
                    self._release(watch)
            for watched in self._free(wanted):
                self._start(watched)

    def renew(self) -> None:
        """Renew the leases, and end the watches whose lease somebody else has by now."""
        with self._lock:
            watches = {watch.watched.lease: watch for watch in self._watches.values()}
            if not watches:
                return
            now = self._site.clock.now()
            with self._site.db.write() as session:
                kept = leases.renew(session, watches, self._owner, LEASE_SECONDS, now)
            for name in watches.keys() - kept:
                watches[name].stop()

    def stop(self) -> None:
        """Tell all watches to end."""
        self._stopping = True
        for watch in list(self._watches.values()):
            watch.stop()

    def join(self, deadline: float) -> bool:
        """Wait for the watches until `deadline` on the monotonic clock; True when all ended."""
        for watch in list(self._watches.values()):
            watch.join(max(deadline - time.monotonic(), 0))
        return not any(watch.is_alive() for watch in self._watches.values())

    def _wanted(self) -> dict[int, _Watched]:
        query = select(Account.id, Account.plugin, Account.channel, Account.config).where(
            Account.state == "active"
        )
        with self._site.db.read() as session:
            return {
                account_id: _Watched(account_id, channel, config)
                for account_id, plugin, channel, config in session.execute(query)
                if self._site.plugins.is_enabled(plugin)
            }

    def _free(self, wanted: Mapping[int, _Watched]) -> Iterable[_Watched]:
        missing = [watched for key, watched in wanted.items() if key not in self._watches]
        if not missing:
            return []
        query = select(Lease).where(Lease.name.in_([watched.lease for watched in missing]))
        with self._site.db.read() as session:
            now = self._site.clock.now()
            held = {lease.name for lease in session.scalars(query) if _is_held(lease, now)}
        return [watched for watched in missing if watched.lease not in held]

    def _start(self, watched: _Watched) -> None:
        now = self._site.clock.now()
        with self._site.db.write() as session:
            if not leases.acquire(session, watched.lease, self._owner, LEASE_SECONDS, now):
                return
        watch = Watch(self._site, watched)
        self._watches[watched.account_id] = watch
        watch.start()
        if self._stopping:
            watch.stop()

    def _release(self, watch: Watch) -> None:
        with self._site.db.write() as session:
            leases.release(session, watch.watched.lease, self._owner)


def _is_held(lease: Lease, now: datetime) -> bool:
    return lease.expires_at > now and not leases.has_ended(lease.owner)


class Watch(threading.Thread):
    """Fetches from one account, waits until there may be more, and fetches again."""

    def __init__(self, site: Site, watched: _Watched) -> None:
        super().__init__(name=watched.lease, daemon=True)
        self.watched = watched
        self._site = site
        self._stop_event = threading.Event()
        self._failures = 0
        self._channel: Channel[Any] | None = None

    def stop(self) -> None:
        """Have the watch end soon."""
        self._stop_event.set()

    def run(self) -> None:
        """Go round until stopped, whatever the channel raises."""
        while not self._stop_event.is_set():
            began = time.monotonic()
            try:
                self._go_round()
            except BaseException as error:  # a plugin's SystemExit must not end the watch
                self._channel = None
                self._complain(error)
                self._stop_event.wait(min(2.0**self._failures, _LONGEST_PAUSE))
            # A channel that returns at once, for ever, must not keep a processor busy.
            self._stop_event.wait(max(began + _SHORTEST_ROUND - time.monotonic(), 0))

    def _go_round(self) -> None:
        fetched = self._site.jobs.perform(INTAKE_FETCH, account_id=self.watched.account_id)
        if not self._sit_out_trouble() or self._stop_event.is_set():
            return
        if not fetched:
            self._failures += 1
            self._stop_event.wait(min(2.0**self._failures, _LONGEST_PAUSE))
            return
        self._wait_for_more()
        self._failures = 0

    def _sit_out_trouble(self) -> bool:
        """Wait until the account may be tried again; False if the next round should tell."""
        waited = False
        while not self._stop_event.is_set():
            with self._site.db.read() as session:
                account = session.get(Account, self.watched.account_id)
            if account is None or account.state != "active":
                self.stop()
                return False
            pause = account.retry_at and (account.retry_at - self._site.clock.now())
            if not pause or pause.total_seconds() <= 0:
                break
            waited = True
            self._stop_event.wait(min(pause.total_seconds(), _GLANCE_SECONDS))
        return not waited

    def _wait_for_more(self) -> None:
        if self._channel is None:
            self._channel = self._open_channel()
        self._channel.wait(self._site.config.poll_seconds, self._stop_event)

    def _open_channel(self) -> Channel[Any]:
        from plugdesk.accounts.operations import open_account

        _account, channel = open_account(self._site, self.watched.account_id)
        return channel

    def _complain(self, error: BaseException) -> None:
        self._failures += 1
        # What a channel says about its server is told by fetch, for the owner to see.
        trace = None if isinstance(error, ChannelError) else error
        level = logging.INFO if trace is None else logging.ERROR
        message = "Account %d cannot be watched now (%s); it is tried again."
        logger.log(level, message, self.watched.account_id, error, exc_info=trace)
