"""The job that turns journal entries into visible messages or quarantine entries."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.clock import has_come
from plugdesk.contract.channels import Channel
from plugdesk.contract.messages import IncomingMessage
from plugdesk.errors import NotFound, ParseLimit, PluginError
from plugdesk.i18n import lazy_gettext, stored
from plugdesk.intake.models import JournalEntry
from plugdesk.intake.receive import receive
from plugdesk.intake.worker import Parsed, storable
from plugdesk.outbox.evidence import own_copy
from plugdesk.tickets.models import Message

if TYPE_CHECKING:
    from plugdesk.site import Site

BATCH = 20
#: How often the desk's own trouble with an entry (not the entry's fault) is waited out.
MOST_ATTEMPTS = 5
LONGEST_WAIT = timedelta(seconds=2**MOST_ATTEMPTS)
_GIVEN_UP = lazy_gettext("The desk could not save this message, though it tried several times.")
_logger = logging.getLogger(__name__)


def run(site: Site) -> int:
    """Work until no entry is due; return how many were dealt with.

    Safe to be killed at any point and to run twice at once: an entry changes its state in the
    transaction that makes its message visible.
    """
    total = 0
    failed_here: set[int] = set()
    while due := [number for number in _due(site) if number not in failed_here]:
        with site.intake_claims.claim(due) as mine:
            done = _process(site, mine)
        total += done
        failed_here.update(mine)
        if not mine:
            break
    return total


def _due(site: Site) -> list[int]:
    with site.db.read() as session:
        now = site.clock.now()
        query = (
            select(JournalEntry.id)
            .where(
                JournalEntry.state == "new",
                or_(
                    JournalEntry.retry_at.is_(None),
                    has_come(JournalEntry.retry_at, now, LONGEST_WAIT),
                ),
            )
            .order_by(JournalEntry.id)
        )
        return list(session.scalars(query.limit(BATCH)))


def _process(site: Site, ids: Sequence[int]) -> int:
    with site.db.read() as session:
        rows = session.execute(
            select(JournalEntry, Account.channel)
            .join(Account, Account.id == JournalEntry.account_id)
            .where(JournalEntry.id.in_(ids))
            .order_by(JournalEntry.id)
        ).all()
    by_channel: dict[str, list[JournalEntry]] = {}
    for entry, channel in rows:
        by_channel.setdefault(channel, []).append(entry)
    return sum(_process_channel(site, name, entries) for name, entries in by_channel.items())


def _process_channel(site: Site, name: str, entries: list[JournalEntry]) -> int:
    try:
        _plugin, channel = site.plugins.channel(name)
    except PluginError as error:
        _logger.warning("%d items wait: %s", len(entries), error)
        for entry in entries:
            _postpone(site, entry.id, str(error), count=False)
        return 0
    try:
        return _understand(site, channel, entries)
    except Exception as error:  # the parser itself failed, not an item: all is tried later
        _logger.exception("Items of the channel %s could not be understood", name)
        for entry in entries:
            _postpone(site, entry.id, repr(error), count=False)
        return 0


def _understand(site: Site, channel: type[Channel[Any]], entries: list[JournalEntry]) -> int:
    found = [(entry.id, raw) for entry in entries if (raw := _raw(site, entry)) is not None]
    for index, parsed in site.parser.parse_many(channel, [raw for _, raw in found]):
        _settle_entry(site, found[index][0], parsed)
    return len(entries)


def _raw(site: Site, entry: JournalEntry) -> bytes | None:
    """Return an item's bytes; without them it goes to quarantine, and the others go on."""
    try:
        return site.blobs.get(entry.content_hash)
    except NotFound as error:
        _settle_entry(site, entry.id, Parsed(reason=stored(error.sentence)))
        return None


def _settle_entry(site: Site, entry_id: int, parsed: Parsed) -> None:
    for last_try in (False, True):
        try:
            _save(site, entry_id, parsed)
        except IntegrityError:
            # Another worker made the same message or person first; the second look sees it.
            if last_try:
                _postpone(site, entry_id, traceback.format_exc())
        except Exception:
            _logger.exception("Journal entry %d could not be saved", entry_id)
            _postpone(site, entry_id, traceback.format_exc())
            return
        else:
            return


def _save(site: Site, entry_id: int, parsed: Parsed) -> None:
    message = parsed.message
    blobs: list[str] = []
    if message is not None:
        blobs = site.blobs.put_many([attachment.content for attachment in message.attachments])
    with site.db.write() as session:
        entry = session.scalar(
            select(JournalEntry).where(JournalEntry.id == entry_id).with_for_update()
        )
        if entry is None or entry.state not in ("new", "quarantined"):
            return
        if message is None:
            _quarantine(entry, parsed)
            return
        message = _ask_plugins(site, session, message)
        row = _seen_before(site, session, entry, message)
        entry.state = "visible" if row is None else "seen"
        if row is None:
            row = receive(site, session, entry, message, blobs)
        entry.message_id = row.id
        entry.reason = entry.detail = ""


def _quarantine(entry: JournalEntry, parsed: Parsed) -> None:
    entry.state = "quarantined"
    entry.reason = parsed.reason
    entry.detail = parsed.detail
    entry.attempts += 1


def _ask_plugins(site: Site, session: Session, message: IncomingMessage) -> IncomingMessage:
    changed: IncomingMessage = site.hooks.chain(
        "message_incoming", "message", message, session=session
    )
    if changed is message:
        return message
    changed = storable(changed)
    if [file.content for file in changed.attachments] != [f.content for f in message.attachments]:
        changed = replace(changed, attachments=message.attachments)
    if changed.html == message.html:
        return changed
    try:
        return replace(changed, html=site.parser.sanitize(changed.html))
    except ParseLimit:
        return replace(changed, html=message.html)


def _seen_before(
    site: Site, session: Session, entry: JournalEntry, message: IncomingMessage
) -> Message | None:
    row = session.scalar(
        select(Message).where(
            Message.account_id == entry.account_id, Message.content_hash == entry.content_hash
        )
    )
    if row is not None:
        return row
    account = session.get_one(Account, entry.account_id)
    return own_copy(site, session, account, message)


def _postpone(site: Site, entry_id: int, trouble: str, *, count: bool = True) -> None:
    """Try an entry again later; after some attempts a person has to look at it."""
    with site.db.write() as session:
        entry = session.get_one(JournalEntry, entry_id)
        entry.attempts += int(count)
        entry.retry_at = site.clock.now() + timedelta(seconds=2**entry.attempts)
        entry.detail = trouble[-4000:]
        if entry.attempts >= MOST_ATTEMPTS:
            entry.state = "quarantined"
            entry.reason = stored(_GIVEN_UP)
