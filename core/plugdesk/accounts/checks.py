"""Trying an account's settings before they are saved: a job, and what it found.

The settings wait encrypted in a row of their own until the owner saves them, so that a page can
show the results, and a form that comes back does not ask for the password again.
"""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from plugdesk.accounts import operations
from plugdesk.contract.channels import CheckResult
from plugdesk.contract.tickets import Actor
from plugdesk.errors import NotAllowed, NotFound, PlugdeskError
from plugdesk.i18n import current_language, gettext, use_language
from plugdesk.settings.models import SettingsRow

if TYPE_CHECKING:
    from plugdesk.site import Site

CHECK = "accounts.check"
"""The job that tries the settings."""
KEPT = timedelta(hours=1)
"""How long settings that nobody saved are remembered."""
PATIENCE = timedelta(minutes=2)
"""A check that has not ended by then lost its worker."""

_SCOPE = "check:"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An account that is not saved yet."""

    channel: str
    name: str
    address: str
    values: dict[str, Any]
    team_id: int | None = None
    """The team to which its tickets shall go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check as the owner's page shows it."""

    id: str
    candidate: Candidate
    begun_at: datetime
    done: bool
    results: tuple[CheckResult, ...] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        """Whether everything that was tried works."""
        return self.done and bool(self.results) and all(result.ok for result in self.results)


def start_check(site: Site, session: Session, actor: Actor, candidate: Candidate) -> str:
    """Remember settings and return the check's id; the caller enqueues `CHECK` after the commit.

    Raises NotAllowed.
    """
    if not actor.can_manage:
        raise NotAllowed(gettext("Only an owner may change accounts."))
    now = site.clock.now()
    _forget_old(session, now)
    number = uuid.uuid4().hex
    data = {
        "begun_at": now.isoformat(),
        "language": current_language(),
        "candidate": site.keys.encrypt(_to_json(candidate)),
        "results": None,
    }
    session.add(SettingsRow(scope=f"{_SCOPE}{number}", data=data))
    return number


def read_check(site: Site, session: Session, number: str) -> Check:
    """Return a check. Raises NotFound when it is forgotten."""
    row = _row(session, number)
    begun_at = datetime.fromisoformat(row.data["begun_at"])
    results = row.data["results"]
    if results is None and site.clock.now() - begun_at > PATIENCE:
        results = [_failure(gettext("The check did not end. Is a worker running? Try again."))]
    return Check(
        id=number,
        candidate=_candidate(site, row),
        begun_at=begun_at,
        done=results is not None,
        results=tuple(CheckResult(**result) for result in results or ()),
    )


def forget_check(session: Session, number: str) -> None:
    """Remove a check and its settings."""
    session.execute(delete(SettingsRow).where(SettingsRow.scope == f"{_SCOPE}{number}"))


def run(site: Site, check: str) -> None:
    """Try the settings of a check. The job; what goes wrong becomes a result, never an error."""
    with site.db.read() as session:
        row = _row(session, check)
    with use_language(row.data["language"]):
        results = _try(site, _candidate(site, row))
    with site.db.write() as session:
        row = _row(session, check)
        row.data = {**row.data, "results": results}


def _try(site: Site, candidate: Candidate) -> list[dict[str, Any]]:
    try:
        channel = operations.try_channel(
            site,
            channel=candidate.channel,
            name=candidate.name,
            address=candidate.address,
            values=candidate.values,
        )
        return [
            {"label": result.label, "ok": result.ok, "sentence": result.sentence}
            for result in channel.check()
        ]
    except PlugdeskError as problem:
        return [_failure(str(problem))]
    except Exception:
        _logger.exception("The channel %s failed in its check.", candidate.channel)
        return [_failure(gettext("The channel itself failed. The log of the desk has details."))]


def _failure(sentence: str) -> dict[str, Any]:
    return {"label": gettext("Trying the settings"), "ok": False, "sentence": sentence}


def _row(session: Session, number: str) -> SettingsRow:
    row = session.get(SettingsRow, f"{_SCOPE}{number}")
    if row is None:
        raise NotFound(gettext("This check is forgotten. Enter the settings again."))
    return row


def _forget_old(session: Session, now: datetime) -> None:
    for row in session.scalars(select(SettingsRow).where(SettingsRow.scope.startswith(_SCOPE))):
        if now - datetime.fromisoformat(row.data["begun_at"]) > KEPT:
            session.delete(row)


def _to_json(candidate: Candidate) -> str:
    return json.dumps(
        {
            "channel": candidate.channel,
            "name": candidate.name,
            "address": candidate.address,
            "values": candidate.values,
            "team_id": candidate.team_id,
        }
    )


def _candidate(site: Site, row: SettingsRow) -> Candidate:
    return Candidate(**json.loads(site.keys.decrypt(row.data["candidate"])))
