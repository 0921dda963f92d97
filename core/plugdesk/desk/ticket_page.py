"""Everything that a ticket's page shows, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.accounts.models import Account
from plugdesk.contract.tickets import PersonInfo, TicketInfo
from plugdesk.contract.views import Panel
from plugdesk.desk.freshness import ticket_tag
from plugdesk.desk.sentences import Names, people_in, sentences
from plugdesk.people.models import Team
from plugdesk.people.queries import person_infos, teams, working_agents
from plugdesk.tickets.infos import ticket_info
from plugdesk.tickets.models import Message, Tag, Ticket, TicketPerson
from plugdesk.tickets.queries import previous_tickets
from plugdesk.tickets.timeline import TimelineEvent, TimelineMessage, TimelineNote, timeline
from plugdesk.web.current import actor, current_site
from plugdesk.web.mail_frame import has_remote_images

MOST_TAGS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing in the timeline: a message, a note, or what events of one moment say."""

    kind: str
    """`message`, `note` or `event`."""
    at: datetime
    item: TimelineMessage | TimelineNote | None = None
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPage:
    """A ticket with all that stands around it."""

    info: TicketInfo
    tag: str
    """Changes whenever the page would look different."""
    account_name: str
    account_address: str
    assignee: PersonInfo | None
    entries: tuple[Entry, ...]
    copied: tuple[PersonInfo, ...]
    suggested: tuple[PersonInfo, ...]
    previous: tuple[Ticket, ...]
    agents: tuple[PersonInfo, ...]
    teams: tuple[Team, ...]
    known_tags: tuple[str, ...]
    panels: tuple[Panel, ...]
    remote_images: frozenset[int] = field(default_factory=frozenset)
    """Messages whose HTML wants images from elsewhere."""

    @property
    def last_incoming(self) -> TimelineMessage | None:
        """The newest message of a customer."""
        messages = [entry.item for entry in self.entries if isinstance(entry.item, TimelineMessage)]
        return next((message for message in reversed(messages) if message.incoming), None)


def load_page(session: Session, ticket: Ticket) -> TicketPage:
    """Collect what the page of a visible ticket shows."""
    info = ticket_info(session, ticket)
    account = session.get_one(Account, ticket.account_id)
    all_teams = teams(session)
    items = timeline(session, ticket)
    events = [item for item in items if isinstance(item, TimelineEvent)]
    standings = _standings(session, ticket.id)
    people = person_infos(session, {ticket.assignee_id, *standings, *people_in(events)})
    names = Names(people=people, teams={team.id: team.name for team in all_teams})
    known_tags = session.scalars(select(Tag.name).order_by(Tag.name).limit(MOST_TAGS))
    return TicketPage(
        info=info,
        tag=ticket_tag(session, ticket),
        account_name=account.name,
        account_address=account.address,
        assignee=people.get(ticket.assignee_id or 0),
        entries=tuple(_entries(items, names)),
        copied=_with_standing(people, standings, "copied"),
        suggested=_with_standing(people, standings, "suggested"),
        previous=tuple(previous_tickets(session, actor(), ticket)),
        agents=tuple(working_agents(session)),
        teams=tuple(all_teams),
        known_tags=tuple(known_tags),
        panels=_panels(session, info),
        remote_images=_wanting_images(session, ticket.id),
    )


def _entries(
    items: Sequence[TimelineMessage | TimelineNote | TimelineEvent], names: Names
) -> list[Entry]:
    entries: list[Entry] = []
    for item in items:
        if isinstance(item, TimelineMessage):
            entries.append(Entry(kind="message", at=item.at, item=item))
        elif isinstance(item, TimelineNote):
            entries.append(Entry(kind="note", at=item.at, item=item))
        elif told := tuple(sentences(item, names)):
            entries.append(Entry(kind="event", at=item.at, sentences=told))
    return entries


def _standings(session: Session, ticket_id: int) -> dict[int, str]:
    rows = session.execute(
        select(TicketPerson.person_id, TicketPerson.standing)
        .where(TicketPerson.ticket_id == ticket_id)
        .order_by(TicketPerson.person_id)
    )
    return {row.person_id: row.standing for row in rows}


def _with_standing(
    people: dict[int, PersonInfo], standings: dict[int, str], wanted: str
) -> tuple[PersonInfo, ...]:
    return tuple(
        people[number]
        for number, standing in standings.items()
        if standing == wanted and number in people
    )


def _panels(session: Session, info: TicketInfo) -> tuple[Panel, ...]:
    answers = current_site().hooks.ask("ticket_panels", session=session, ticket=info, agent=actor())
    found: list[tuple[int, str, Panel]] = []
    for plugin, answer in answers:
        several = answer if isinstance(answer, list | tuple) else (answer,)
        found += [(panel.order, plugin, panel) for panel in several if isinstance(panel, Panel)]
    return tuple(panel for _order, _plugin, panel in sorted(found, key=lambda entry: entry[:2]))


def _wanting_images(session: Session, ticket_id: int) -> frozenset[int]:
    rows = session.execute(
        select(Message.id, Message.html).where(
            Message.ticket_id == ticket_id,
            Message.has_html,
            Message.html.like("%<img%http%"),
        )
    )
    return frozenset(row.id for row in rows if has_remote_images(row.html))
