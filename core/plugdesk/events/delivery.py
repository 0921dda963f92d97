"""Handing events to plugins: in order, each as often as it takes, committed with the cursor.

A plugin's batch is one transaction with a savepoint per event. What the plugin writes through the
desk and the note that it has seen the event are committed together, so a process that is killed
repeats nothing. An event that keeps failing is set aside, and the plugin goes on with the next.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from plugdesk.contract.events import Event
from plugdesk.db import guests
from plugdesk.events import cursors, feed, sequencer
from plugdesk.events.models import EventRow
from plugdesk.events.operations import DELIVER
from plugdesk.plugins.loading import hooks_of_kind
from plugdesk.traces import describe

if TYPE_CHECKING:
    from plugdesk.site import Site

BATCH = 200
#: After this time a batch ends, since others may wait to write meanwhile.
_BATCH_SECONDS = 0.2


class Broken(Exception):
    """A plugin made the transaction unusable, at the event with this index in the batch."""

    def __init__(self, index: int, error: str) -> None:
        super().__init__(error)
        self.index = index
        self.error = error


@dataclass(frozen=True)
class _Failure:
    event: Event
    error: str


@dataclass(frozen=True)
class _Batch:
    taken: int
    #: Seconds until the plugin's next event is tried again; None when nothing waits for that.
    pause: float | None = None


def run(site: Site) -> None:
    """The job `events.deliver`."""
    deliver(site)


def deliver(site: Site) -> int:
    """Number what is new and hand over what is due; returns how many events were handed over.

    Plugins take turns, so that one with a long way to go does not keep others waiting.
    """
    handed_over = 0
    _subscribe_new(site)
    plugins = subscribers(site)
    while True:
        _number(site)
        with site.db.read() as session:
            due = cursors.behind(session, plugins, site.clock.now())
        if not due:
            return handed_over
        for plugin in due:
            batch = _deliver_batch(site, plugin, BATCH)
            if batch is None:  # another process works for this plugin, and sees our events too
                plugins.remove(plugin)
            else:
                handed_over += batch.taken


def has_work(site: Site, session: Session) -> bool:
    """Tell whether `deliver` would do anything now."""
    unnumbered = select(EventRow.id).where(EventRow.position.is_(None)).limit(1)
    plugins = subscribers(site)
    return (
        session.scalar(unnumbered) is not None
        or bool(cursors.unsubscribed(session, plugins))
        or bool(cursors.behind(session, plugins, site.clock.now()))
    )


def subscribers(site: Site) -> list[str]:
    """Return the names of the plugins that are on and have a hook for events, in order."""
    hooks = hooks_of_kind("event")
    return sorted(
        name
        for name in site.plugins.enabled()
        if any(site.plugins.implementation(name, hook) for hook in hooks)
    )


def _subscribe_new(site: Site) -> None:
    # Before numbering: what is recorded after a plugin was switched on is for the plugin.
    with site.db.read() as session:
        new = cursors.unsubscribed(session, subscribers(site))
    if new:
        with site.db.write() as session:
            for plugin in new:
                cursors.subscribe(session, plugin)


def _number(site: Site) -> None:
    waiting = select(EventRow.id).where(EventRow.position.is_(None)).limit(1)
    while True:
        with site.db.read() as session:
            if session.scalar(waiting) is None:
                return
        with site.db.write() as session:
            sequencer.number(session)


def _deliver_batch(site: Site, plugin: str, limit: int) -> _Batch | None:
    """Hand over up to `limit` events; None when another process does it."""
    try:
        batch = _try_batch(site, plugin, limit)
    except Broken as broken:
        if broken.index > 0:  # first what went well; the culprit then heads the next batch
            return _deliver_batch(site, plugin, broken.index)
        batch = _blame(site, plugin, broken.error)
    except DBAPIError as error:
        if is_outage(error) or limit == 1:
            raise
        return _deliver_batch(site, plugin, 1)  # something failed at the commit: find out what
    if batch is not None and batch.pause is not None:
        site.jobs.enqueue(DELIVER, delay=batch.pause)
    return batch


def _try_batch(site: Site, plugin: str, limit: int) -> _Batch | None:
    with site.db.write() as session:
        now = site.clock.now()
        cursor = cursors.lock(session, plugin, skip=True)
        if cursor is None or not cursors.may_try(cursor, now):
            return None
        events = feed.read(session, cursor.position, limit, replay_until=cursor.replay_until)
        session.expunge(cursor)
        taken, failure = _hand_over(site, session, plugin, events)
        if taken:
            cursors.move(session, plugin, events[taken - 1].position)
        if failure is None:
            return _Batch(taken)
        pause = cursors.note_failure(session, cursor, failure.event, failure.error, now)
        return _Batch(taken, pause)


def _hand_over(
    site: Site, session: Session, plugin: str, events: Sequence[Event]
) -> tuple[int, _Failure | None]:
    """Hand over events until one fails or time is up; returns how many went well."""
    until = time.monotonic() + _BATCH_SECONDS
    for index, event in enumerate(events):
        failure = hand_over_one(site, session, plugin, event)
        if not is_whole(session):
            raise Broken(index, failure or f"{plugin} ended the desk's own transaction.")
        if failure is not None:
            return index, _Failure(event, failure)
        if time.monotonic() > until:
            return index + 1, None
    return len(events), None


def hand_over_one(site: Site, session: Session, plugin: str, event: Event) -> str | None:
    """Hand one event to one plugin within a savepoint; returns what went wrong, if anything.

    Raises only what the database raises when it is gone.
    """
    try:
        with session.begin_nested():
            site.hooks.deliver(plugin, event, session)
    except BaseException as error:  # SystemExit too: a plugin never ends a worker
        if is_outage(error):
            raise
        return describe(error)
    return None


def is_whole(session: Session) -> bool:
    """Tell whether the session is still in the transaction that `db.write` began."""
    return session.is_active and session.in_transaction()


def is_outage(error: BaseException) -> bool:
    """Tell whether the database was lost, which is nobody's fault here."""
    return isinstance(error, DBAPIError) and guests.is_breakdown(error)


def _blame(site: Site, plugin: str, error: str) -> _Batch | None:
    """Note a failure of the plugin's next event, in a transaction of its own."""
    with site.db.write() as session:
        cursor = cursors.lock(session, plugin, skip=True)
        events = feed.read(session, cursor.position, 1) if cursor else ()
        if cursor is None or not events:
            return None
        return _Batch(0, cursors.note_failure(session, cursor, events[0], error, site.clock.now()))
