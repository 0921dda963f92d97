"""Accounts that need an owner's attention, for the line above the inbox."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account

WORRYING_FAILURES = 3
"""One failed fetch is everyday; this many in a row are not."""


def troubled_accounts(session: Session) -> list[Account]:
    """Return the accounts that are signed out, or failed again and again."""
    query = select(Account).where(
        or_(
            Account.state == "signed_out",
            (Account.state == "active") & (Account.failures >= WORRYING_FAILURES),
        )
    )
    return list(session.scalars(query.order_by(Account.name)))
