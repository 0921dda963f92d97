"""Sweeps: what is due is found in the database, whatever became of the queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from plugdesk.events import delivery
from plugdesk.intake.models import JournalEntry
from plugdesk.jobs import handlers, sweeps
from plugdesk.jobs.worker import Worker
from plugdesk.outbox.models import OutboxEntry
from plugdesk.site import Site
from plugdesk.tickets.models import Message, Ticket
from polling import Counting, wait_until
from sites import add_tickets, record_step

PAST, FUTURE = timedelta(seconds=-5), timedelta(seconds=20)


def add_journal(site: Site, **values: Any) -> None:
    """Journal an item of the account that `add_tickets` made."""
    with site.db.write() as session:
        account = session.get_one(Ticket, 1).account_id
        session.add(
            JournalEntry(
                account_id=account,
                key="1",
                content_hash="0" * 64,
                size=1,
                journaled_at=site.clock.now(),
                **values,
            )
        )


def add_outbox(site: Site, **values: Any) -> None:
    """Put an outgoing message into the outbox."""
    now = site.clock.now()
    with site.db.write() as session:
        ticket = session.get_one(Ticket, 1)
        message = Message(
            ticket_id=1, account_id=ticket.account_id, direction="outgoing", created_at=now
        )
        session.add(message)
        session.flush()
        entry = {"send_after": now, **values}
        session.add(
            OutboxEntry(
                message_id=message.id, account_id=ticket.account_id, changed_at=now, **entry
            )
        )


@pytest.mark.parametrize(
    ("state", "moments", "expected"),
    [
        ("new", {}, {handlers.INTAKE_PROCESS}),
        ("new", {"retry_at": PAST}, {handlers.INTAKE_PROCESS}),
        ("new", {"retry_at": FUTURE}, set()),
        ("quarantined", {}, set()),
    ],
)
def test_journal(site: Site, state: str, moments: dict[str, timedelta], expected: set[str]) -> None:
    """Items that nobody has tried to understand, or that are due again, are found."""
    add_tickets(site, 1)
    add_journal(site, state=state, **_at(site.clock.now(), moments))
    assert sweeps.run(site) == expected


@pytest.mark.parametrize(
    ("state", "moments", "expected"),
    [
        ("queued", {"send_after": PAST}, {handlers.OUTBOX_DELIVER}),
        ("queued", {"send_after": FUTURE}, set()),
        ("deferred", {"send_after": PAST}, {handlers.OUTBOX_DELIVER}),
        ("sending", {"lease_until": PAST}, {handlers.OUTBOX_DELIVER}),
        ("sending", {"lease_until": FUTURE}, set()),
        ("unknown", {}, {handlers.OUTBOX_SETTLE}),
        ("accepted", {}, {handlers.OUTBOX_SETTLE}),
        ("failed", {}, set()),
    ],
)
def test_outbox(site: Site, state: str, moments: dict[str, timedelta], expected: set[str]) -> None:
    """Messages that are due, whose worker vanished, or that want evidence are found."""
    add_tickets(site, 1)
    add_outbox(site, state=state, **_at(site.clock.now(), moments))
    assert sweeps.run(site) == expected


def test_events(site: Site) -> None:
    """Events without a position are found."""
    (ticket,) = add_tickets(site, 1)
    with site.db.write() as session:
        record_step(session, ticket)
    assert sweeps.run(site) == {handlers.EVENTS_DELIVER}
    delivery.deliver(site)
    assert sweeps.run(site) == set()


def test_nothing_is_due_in_an_empty_site(site: Site) -> None:
    """A sweep of a site at rest wakes nobody."""
    assert sweeps.run(site) == set()


def test_a_lost_queue_loses_nothing(make_site: Callable[..., Site], tmp_path: Path) -> None:
    """Work whose wake was lost with the queue is done as soon as a worker starts."""
    before = make_site(queue="")
    (ticket,) = add_tickets(before, 1)
    add_journal(before, state="new")
    before.jobs.wake(handlers.INTAKE_PROCESS)
    before.close()
    for file in tmp_path.glob("queue.db*"):
        file.unlink()
    site = make_site(queue="")
    job = Counting()
    site.jobs.register(handlers.INTAKE_PROCESS, job)
    worker = Worker(site, 1)
    worker.start()
    wait_until(lambda: job.runs)
    assert worker.stop(10)
    assert ticket


def _at(now: datetime, moments: dict[str, timedelta]) -> dict[str, datetime]:
    return {name: now + moment for name, moment in moments.items()}
