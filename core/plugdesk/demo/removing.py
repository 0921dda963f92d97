"""Taking the samples out of a site again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.demo.channel import DemoChannel
from plugdesk.demo.script import read_shop, read_stories
from plugdesk.events.models import EventFailure, EventRow
from plugdesk.intake.models import JournalEntry
from plugdesk.outbox.models import OutboxEntry
from plugdesk.people.models import Agent, Person, PersonAddress, SignIn, Team, TeamMember
from plugdesk.tickets.models import (
    Message,
    Note,
    StoredAttachment,
    Tag,
    Ticket,
    TicketPerson,
    TicketTag,
)

if TYPE_CHECKING:
    from plugdesk.site import Site


def is_loaded(session: Session) -> bool:
    """Tell whether there are samples."""
    return session.scalar(_accounts().limit(1)) is not None


def remove(site: Site) -> int:
    """Delete the sample tickets, accounts and people; return how many tickets there were.

    A sample agent who worked on a ticket that stays is switched off instead, and so are the
    teams kept that somebody uses. Stored files stay: others may have the same content.
    """
    with site.db.write() as session:
        removed = len(session.scalars(select(Ticket.id).where(_is_sample())).all())
        _delete_tickets(session)
        _delete_people(session)
        _delete_unused(session)
    return removed


def _accounts() -> Any:
    return select(Account.id).where(Account.channel == DemoChannel.name)


def _is_sample() -> Any:
    return Ticket.account_id.in_(_accounts())


def _delete_tickets(session: Session) -> None:
    tickets = select(Ticket.id).where(_is_sample())
    messages = select(Message.id).where(Message.ticket_id.in_(tickets))
    notes = select(Note.id).where(Note.ticket_id.in_(tickets))
    events = select(EventRow.id).where(EventRow.ticket_id.in_(tickets))
    for table, condition in (
        (EventFailure, EventFailure.event_id.in_(events)),
        (EventRow, EventRow.ticket_id.in_(tickets)),
        (StoredAttachment, StoredAttachment.message_id.in_(messages)),
        (StoredAttachment, StoredAttachment.note_id.in_(notes)),
        (OutboxEntry, OutboxEntry.account_id.in_(_accounts())),
        (JournalEntry, JournalEntry.account_id.in_(_accounts())),
        (Message, Message.ticket_id.in_(tickets)),
        (Note, Note.ticket_id.in_(tickets)),
        (TicketTag, TicketTag.ticket_id.in_(tickets)),
        (TicketPerson, TicketPerson.ticket_id.in_(tickets)),
        (Ticket, _is_sample()),
        (Account, Account.channel == DemoChannel.name),
    ):
        _delete(session, table, condition)


def _delete_people(session: Session) -> None:
    shop = read_shop()
    addresses = [agent.address for agent in shop.agent]
    addresses += [shop.customer(key).address for key in shop.customers]
    addresses += [step.to for story in read_stories() for step in story.say if step.to]
    query = select(PersonAddress.person_id).where(PersonAddress.address.in_(addresses))
    events = _events_about_people(session)
    for person_id in session.scalars(query).all():
        try:
            with session.begin_nested():
                _delete_events(session, events.get(person_id, []))
                _delete_person(session, person_id)
        except IntegrityError:  # a ticket that stays names them
            agent = session.get(Agent, person_id)
            if agent is not None:
                agent.active = False
                _delete(session, SignIn, SignIn.person_id == person_id)


def _delete_person(session: Session, person_id: int) -> None:
    _delete(session, SignIn, SignIn.person_id == person_id)
    _delete(session, TeamMember, TeamMember.person_id == person_id)
    _delete(session, Agent, Agent.person_id == person_id)
    _delete(session, PersonAddress, PersonAddress.person_id == person_id)
    _delete(session, Person, Person.id == person_id)


def _events_about_people(session: Session) -> dict[int, list[int]]:
    # Read here, because the two databases look into JSON differently.
    found: dict[int, list[int]] = {}
    query = select(EventRow.id, EventRow.data).where(EventRow.kind == "person_changed")
    for event_id, data in session.execute(query):
        found.setdefault(data.get("person_id"), []).append(event_id)
    return found


def _delete_events(session: Session, ids: list[int]) -> None:
    _delete(session, EventFailure, EventFailure.event_id.in_(ids))
    _delete(session, EventRow, EventRow.id.in_(ids))


def _delete_unused(session: Session) -> None:
    shop = read_shop()
    tags = {tag for story in read_stories() for tag in story.tags} | {"sample"}
    used_tags = select(TicketTag.tag_id)
    _delete(session, Tag, Tag.name.in_(tags), Tag.id.not_in(used_tags))
    used_teams = (
        select(TeamMember.team_id)
        .union(
            select(Ticket.team_id).where(Ticket.team_id.is_not(None)),
            select(Account.team_id).where(Account.team_id.is_not(None)),
        )
        .scalar_subquery()
    )
    names = [team.name for team in shop.team]
    _delete(session, Team, Team.name.in_(names), Team.id.not_in(used_teams))


def _delete(session: Session, table: type[Any], *conditions: Any) -> None:
    session.execute(delete(table).where(*conditions).execution_options(synchronize_session=False))
