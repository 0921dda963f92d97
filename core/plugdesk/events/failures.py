"""Events that a plugin could not take: showing them, and trying again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.errors import NotFound
from plugdesk.events import delivery, feed
from plugdesk.events.models import EventFailure, EventRow
from plugdesk.i18n import gettext

if TYPE_CHECKING:
    from plugdesk.site import Site


def failures(session: Session, plugin: str | None = None) -> Sequence[EventFailure]:
    """Return what was set aside, oldest event first; of one plugin, or of all."""
    query = select(EventFailure).order_by(EventFailure.plugin, EventFailure.event_id)
    if plugin is not None:
        query = query.where(EventFailure.plugin == plugin)
    return session.scalars(query).all()


def retry(site: Site, plugin: str, event_id: int) -> bool:
    """Hand a plugin an event that was set aside once more; True when it took it.

    It comes out of order, marked as replayed. Raises NotFound when it is not set aside.
    """
    try:
        return _retry(site, plugin, event_id)
    except delivery.Broken as broken:
        with site.db.write() as session:
            _note(site, _locked(session, plugin, event_id), broken.error)
        return False


def _retry(site: Site, plugin: str, event_id: int) -> bool:
    with site.db.write() as session:
        failure = _locked(session, plugin, event_id)
        event = feed.to_event(session.get_one(EventRow, event_id), replayed=True)
        error = delivery.hand_over_one(site, session, plugin, event)
        if not delivery.is_whole(session):
            raise delivery.Broken(0, error or f"{plugin} ended the desk's own transaction.")
        if error is None:
            session.delete(failure)
        else:
            _note(site, failure, error)
        return error is None


def _locked(session: Session, plugin: str, event_id: int) -> EventFailure:
    query = select(EventFailure).where(
        EventFailure.plugin == plugin, EventFailure.event_id == event_id
    )
    failure = session.scalar(query.with_for_update())
    if failure is None:
        msg = gettext(
            "Event %(event)s is not set aside for %(plugin)s; it may have been retried.",
            event=event_id,
            plugin=plugin,
        )
        raise NotFound(msg)
    return failure


def _note(site: Site, failure: EventFailure, error: str) -> None:
    failure.error = error
    failure.at = site.clock.now()
