"""The desk as plugins use it: `plugdesk.plugin.desk`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from plugdesk.contract.addresses import canonical_address
from plugdesk.contract.desk import Desk
from plugdesk.contract.tickets import Actor, ActorKind, Change, PersonInfo, Status, TicketInfo
from plugdesk.db import guests
from plugdesk.errors import NotFound, PluginError
from plugdesk.i18n import gettext
from plugdesk.plugins.context import CURRENT, Context

if TYPE_CHECKING:
    from plugdesk.site import Site


@contextmanager
def use(site: Site, session: Session | None, plugin: str) -> Iterator[None]:
    """Let `plugdesk.plugin.desk` work for `plugin` within the block.

    With a session, everything happens in it and the plugin cannot end its transaction. Without,
    each act of the plugin commits by itself, and it opens longer ones by `desk.transaction()`.
    """
    token = CURRENT.set(Context(site, session, plugin))
    try:
        with guests.visit() if session is not None else nullcontext():
            yield
    finally:
        CURRENT.reset(token)


def _context() -> Context:
    try:
        return CURRENT.get()
    except LookupError:
        msg = (
            "`desk` can only be used in hooks, jobs and pages of plugins, in the thread in which"
            " the desk calls them."
        )
        raise PluginError(msg) from None


@contextmanager
def _reading() -> Iterator[Session]:
    context = _context()
    if context.session is None:
        with context.site.db.read() as session:
            yield session
    else:
        with guests.host():
            yield context.session


@contextmanager
def _acting() -> Iterator[tuple[Site, Session, Actor]]:
    context = _context()
    actor = Actor(kind=ActorKind.PLUGIN, plugin=context.plugin)
    if context.session is None:
        with context.site.db.write() as session:
            yield context.site, session, actor
    else:
        with guests.host(), context.session.begin_nested():
            yield context.site, context.session, actor


# The slices are imported when they are used: they know the contract, which offers this desk.
class _Tickets:
    def get(self, ticket_id: int) -> TicketInfo:
        from plugdesk.tickets.access import get_ticket
        from plugdesk.tickets.infos import ticket_info

        actor = Actor(kind=ActorKind.PLUGIN, plugin=_context().plugin)
        with _reading() as session:
            return ticket_info(session, get_ticket(session, actor, ticket_id))

    def note(self, ticket_id: int, text: str) -> int:
        from plugdesk.tickets.drafts import NoteDraft
        from plugdesk.tickets.operations import add_note

        with _acting() as (site, session, actor):
            return add_note(site, session, actor, ticket_id, NoteDraft(text=text)).id

    def reply(
        self, ticket_id: int, text: str, *, html: str = "", status_after: Status | None = None
    ) -> int:
        from plugdesk.tickets.drafts import ReplyDraft
        from plugdesk.tickets.operations import reply

        draft = ReplyDraft(text=text, html=html, status_after=status_after)
        with _acting() as (site, session, actor):
            return reply(site, session, actor, ticket_id, draft).id

    def change(self, ticket_id: int, change: Change) -> TicketInfo:
        from plugdesk.tickets import operations
        from plugdesk.tickets.infos import ticket_info

        with _acting() as (site, session, actor):
            ticket = operations.change(site, session, actor, ticket_id, change)
            return ticket_info(session, ticket)

    def tag(self, ticket_id: int, *tags: str) -> TicketInfo:
        return self.change(ticket_id, Change(add_tags=tags))

    def untag(self, ticket_id: int, *tags: str) -> TicketInfo:
        return self.change(ticket_id, Change(remove_tags=tags))

    def assign(
        self, ticket_id: int, *, agent_id: int | None = None, team_id: int | None = None
    ) -> TicketInfo:
        return self.change(ticket_id, Change(assignee_id=agent_id, team_id=team_id))


class _People:
    def get(self, person_id: int) -> PersonInfo:
        from plugdesk.people.queries import person_infos

        with _reading() as session:
            found = person_infos(session, [person_id]).get(person_id)
        if found is None:
            raise NotFound(gettext("There is no such person."))
        return found

    def find(self, address: str) -> PersonInfo | None:
        from plugdesk.people.operations import find
        from plugdesk.people.queries import person_infos

        with _reading() as session:
            person = find(session, canonical_address(address))
            return None if person is None else person_infos(session, [person.id])[person.id]


class _Desk:
    tickets = _Tickets()
    people = _People()

    @property
    def settings(self) -> Any:
        from plugdesk.plugins.settings import read_settings

        context = _context()
        with _reading() as session:
            return read_settings(context.site, session, context.plugin)

    @property
    def session(self) -> Session:
        session = _context().session
        if session is None:
            msg = "There is no transaction here. Open one: `with desk.transaction() as session:`."
            raise PluginError(msg)
        return session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        context = _context()
        if context.session is not None:
            with context.session.begin_nested():
                yield context.session
        else:
            with (
                context.site.db.write() as session,
                use(context.site, session, context.plugin),
            ):
                yield session


desk: Desk = _Desk()
"""The desk, on behalf of the plugin whose code runs."""
