"""Changing fields of a ticket."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor, Change, Role
from plugdesk.db import possible_id
from plugdesk.errors import Refused
from plugdesk.events.operations import record
from plugdesk.i18n import gettext
from plugdesk.people.models import Agent, Team
from plugdesk.tickets.access import lock_ticket
from plugdesk.tickets.infos import tag_names, ticket_info
from plugdesk.tickets.models import Tag, Ticket, TicketTag
from plugdesk.tickets.saying import moment_on

if TYPE_CHECKING:
    from plugdesk.site import Site

LONGEST_TAG = 60
LONGEST_SUBJECT = 500
Differences = dict[str, list[Any]]


def change(site: Site, session: Session, actor: Actor, ticket_id: int, wanted: Change) -> Ticket:
    """Change a ticket and record what changed; plugins may refuse with a sentence.

    Raises NotFound, NotAllowed, or Refused.
    """
    ticket = lock_ticket(session, actor, ticket_id)
    apply_change(site, session, actor, ticket, wanted)
    return ticket


def apply_change(
    site: Site, session: Session, actor: Actor, ticket: Ticket, wanted: Change
) -> None:
    """Change a ticket that the caller has locked."""
    _ask_plugins(site, session, actor, ticket, wanted)
    differences = _set_fields(session, ticket, wanted)
    differences |= _set_tags(session, ticket, wanted)
    if not differences:
        return
    ticket.version += 1
    record(
        session,
        "ticket_changed",
        actor,
        moment_on(ticket, site.clock.now()),
        ticket_id=ticket.id,
        data={"changes": differences},
    )


def _ask_plugins(
    site: Site, session: Session, actor: Actor, ticket: Ticket, wanted: Change
) -> None:
    answers = site.hooks.ask(
        "check_change",
        session=session,
        change=wanted,
        ticket=ticket_info(session, ticket),
        actor=actor,
    )
    for _plugin, sentence in answers:
        raise Refused(sentence)


def _set_fields(session: Session, ticket: Ticket, wanted: Change) -> Differences:
    values: dict[str, Any] = {}
    for name in ("status", "place", "priority"):
        value = getattr(wanted, name)
        if value is not None:
            values[name] = value.value
    if wanted.assignee_id is not None:
        values["assignee_id"] = _checked_assignee(session, wanted.assignee_id)
    elif wanted.unassign:
        values["assignee_id"] = None
    if wanted.team_id is not None:
        values["team_id"] = _checked_team(session, wanted.team_id)
    elif wanted.leave_team:
        values["team_id"] = None
    if wanted.subject is not None:
        values["subject"] = clean_line(wanted.subject, LONGEST_SUBJECT)
    differences: Differences = {}
    for name, value in values.items():
        before = getattr(ticket, name)
        if before != value:
            setattr(ticket, name, value)
            differences[name] = [before, value]
    return differences


def _checked_assignee(session: Session, person_id: int) -> int:
    agent = session.get(Agent, possible_id(person_id))
    if agent is None or not agent.active or agent.role == Role.OBSERVER:
        raise Refused(gettext("Tickets can be assigned to active agents only."))
    return person_id


def _checked_team(session: Session, team_id: int) -> int:
    if session.get(Team, possible_id(team_id)) is None:
        raise Refused(gettext("There is no such team any more."))
    return team_id


def _set_tags(session: Session, ticket: Ticket, wanted: Change) -> Differences:
    if not wanted.add_tags and not wanted.remove_tags:
        return {}
    before = tag_names(session, ticket.id)
    removed = {clean_tag(name) for name in wanted.remove_tags}
    added = {clean_tag(name) for name in wanted.add_tags} - {""}
    after = tuple(sorted((set(before) - removed) | added))
    if after == tuple(sorted(before)):
        return {}
    gone = select(Tag.id).where(Tag.name.in_(set(before) - set(after)))
    session.execute(
        delete(TicketTag).where(TicketTag.ticket_id == ticket.id, TicketTag.tag_id.in_(gone))
    )
    for name in set(after) - set(before):
        session.add(TicketTag(ticket_id=ticket.id, tag_id=_tag_id(session, name)))
    session.flush()
    return {"tags": [list(before), list(after)]}


def _tag_id(session: Session, name: str) -> int:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(Tag).values(name=name).on_conflict_do_nothing(index_elements=["name"]))
    return session.scalars(select(Tag.id).where(Tag.name == name)).one()


def clean_tag(name: str) -> str:
    """Return a tag in the one form in which it is stored and compared."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return clean_line(clean_line(folded, len(folded)).lstrip("# "), LONGEST_TAG)


def clean_line(text: str, longest: int) -> str:
    """Return `text` as one NFC line without control characters, at most `longest` long."""
    text = unicodedata.normalize("NFC", text)
    printable = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text)
    return " ".join(printable.split())[:longest].rstrip()
