"""How the accounts are doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.i18n import shown
from plugdesk.intake.models import JournalEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSummary:
    """One account for the accounts page and `plugdesk accounts list`."""

    id: int
    name: str
    address: str
    channel: str
    plugin: str
    state: str
    """`active`, `paused` or `signed_out`."""
    error: str
    retry_at: datetime | None
    succeeded_at: datetime | None
    remaining: int | None
    """How many items the running fetch still expects; None when none runs."""
    new: int
    """Items that became visible messages."""
    known: int
    """Further sightings of messages that are visible already."""
    quarantined: int
    waiting: int
    """Items in the journal that nobody has looked at yet."""


def summaries(session: Session) -> list[AccountSummary]:
    """Return all accounts, by name, in two queries."""
    counts: dict[tuple[int, str], int] = {}
    query = select(JournalEntry.account_id, JournalEntry.state, func.count()).group_by(
        JournalEntry.account_id, JournalEntry.state
    )
    for account_id, state, number in session.execute(query):
        counts[account_id, state] = number
    return [
        AccountSummary(
            id=account.id,
            name=account.name,
            address=account.address,
            channel=account.channel,
            plugin=account.plugin,
            state=account.state,
            error=shown(account.error),
            retry_at=account.retry_at,
            succeeded_at=account.succeeded_at,
            remaining=account.remaining,
            new=counts.get((account.id, "visible"), 0),
            known=counts.get((account.id, "seen"), 0),
            quarantined=counts.get((account.id, "quarantined"), 0),
            waiting=counts.get((account.id, "new"), 0),
        )
        for account in session.scalars(select(Account).order_by(Account.name))
    ]
