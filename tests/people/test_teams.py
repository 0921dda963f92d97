"""Making, changing and deleting teams."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from mailroom import Mailroom
from plugdesk.accounts.models import Account
from plugdesk.accounts.routing import set_team, team_names
from plugdesk.contract.tickets import Actor, Role
from plugdesk.errors import NotAllowed, NotFound, Refused
from plugdesk.people import teams
from plugdesk.people.models import Team
from plugdesk.people.summaries import team_summaries
from plugdesk.tickets.access import get_ticket
from plugdesk.tickets.models import Ticket
from staffing import do, inside


def may_see(mailroom: Mailroom, actor: Actor, ticket_id: int) -> bool:
    """Say whether somebody sees a ticket."""
    with mailroom.site.db.read() as session:
        try:
            return get_ticket(session, actor, ticket_id) is not None
        except NotFound:
            return False


def test_a_team_is_made_and_recorded(mailroom: Mailroom, owner: Actor) -> None:
    """Its name is one NFC line, and the log says who made it."""
    team = do(mailroom, teams.make_team, owner, name=" 판매\n팀 ", private=True)
    assert (team.name, team.private) == ("판매 팀", True)
    (event,) = mailroom.events("team_added")
    assert event.actor_person_id == owner.person_id
    assert event.data == {"team_id": team.id, "name": "판매 팀", "private": True}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (" \n\u200b", "a name"),
        ("x" * 81, "80 characters"),
        ("SALES", "named Sales already"),
        ("판매", "already"),
    ],
)
def test_names_that_are_refused(mailroom: Mailroom, owner: Actor, name: str, sentence: str) -> None:
    """Empty, long and taken names are refused with a sentence, whatever their case and form."""
    for taken in ("Sales", "판매"):
        do(mailroom, teams.make_team, owner, name=taken)
    other = do(mailroom, teams.make_team, owner, name="Support").id
    with pytest.raises(Refused, match=sentence):
        do(mailroom, teams.make_team, owner, name=name)
    with pytest.raises(Refused, match=sentence):
        do(mailroom, teams.change_team, owner, other, name=name)


def test_two_who_take_a_name_at_once(mailroom: Mailroom, owner: Actor) -> None:
    """One gets it, the other is told."""
    answers: list[str] = []
    ready = threading.Barrier(2)

    def make() -> None:
        ready.wait(10)
        try:
            answers.append(do(mailroom, teams.make_team, owner, name="Sales").name)
        except Refused as problem:
            answers.append(str(problem))

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == ["Sales", "There is a team named Sales already."]


def test_a_team_is_renamed_and_made_private(
    mailroom: Mailroom, owner: Actor, agent: Actor, ticket: Ticket
) -> None:
    """What changed is recorded once; a private team's tickets vanish for others at once."""
    team_id = mailroom.team("Sales")
    mailroom.set(ticket.id, team_id=team_id)
    assert may_see(mailroom, agent, ticket.id)
    do(mailroom, teams.change_team, owner, team_id, name="sales", private=True)
    do(mailroom, teams.change_team, owner, team_id, name="sales", private=True)
    (event,) = mailroom.events("team_changed")
    assert event.data["changes"] == {"name": ["Sales", "sales"], "private": [False, True]}
    assert not may_see(mailroom, agent, ticket.id)


def test_members_are_set(mailroom: Mailroom, owner: Actor, agent: Actor) -> None:
    """Exactly those named are in the team afterwards; strangers are refused."""
    leaving = mailroom.agent()
    team_id = mailroom.team("Sales", leaving)
    do(mailroom, teams.set_members, owner, team_id, {agent.person_id})
    do(mailroom, teams.set_members, owner, team_id, {agent.person_id})
    assert inside(mailroom, team_id) == {agent.person_id}
    (event,) = mailroom.events("team_changed")
    assert event.data["changes"] == {"members": [[leaving.person_id], [agent.person_id]]}
    for stranger in (999, 2**40, 0):
        with pytest.raises(NotFound):
            do(mailroom, teams.set_members, owner, team_id, {stranger})
    do(mailroom, teams.set_members, owner, team_id, [])
    assert inside(mailroom, team_id) == set()


def test_a_deleted_team_hands_over(
    mailroom: Mailroom, owner: Actor, account: int, ticket: Ticket
) -> None:
    """Tickets, finished ones too, and accounts go to the successor, each with its event."""
    old, new = mailroom.team("Old", owner), mailroom.team("New")
    finished = mailroom.ticket_from(account, message_id="second@customer.test")
    mailroom.set(ticket.id, team_id=old)
    mailroom.set(finished.id, team_id=old, status="closed")
    do(mailroom, set_team, owner, account, old)
    assert do(mailroom, teams.delete_team, owner, old, successor=new) == 2
    for one in (ticket, finished):
        assert mailroom.ticket(one.id).team_id == new
        event = mailroom.events("ticket_changed", one.id)[-1]
        assert event.data["changes"] == {"team_id": [old, new]}
        assert event.actor_person_id == owner.person_id
    assert mailroom.ticket(ticket.id).version == ticket.version + 1
    with mailroom.site.db.read() as session:
        assert session.get(Team, old) is None
        assert team_names(session) == {account: "New"}
    assert mailroom.events("account_changed")[-1].data["changes"] == {"team_id": [old, new]}
    (event,) = mailroom.events("team_deleted")
    assert event.data == {"team_id": old, "name": "Old", "successor": new}


def test_without_a_successor_tickets_are_for_everybody(
    mailroom: Mailroom, owner: Actor, agent: Actor, ticket: Ticket
) -> None:
    """The tickets of a deleted private team are in no team, and all agents see them."""
    team_id = mailroom.team("Secret", private=True)
    mailroom.set(ticket.id, team_id=team_id)
    assert not may_see(mailroom, agent, ticket.id)
    do(mailroom, teams.delete_team, owner, team_id)
    assert may_see(mailroom, agent, ticket.id)


def test_wrong_successors(mailroom: Mailroom, owner: Actor) -> None:
    """A team cannot inherit from itself, nor one that is gone; nothing is deleted then."""
    team_id = mailroom.team("Sales")
    for successor in (team_id, 999):
        with pytest.raises(Refused):
            do(mailroom, teams.delete_team, owner, team_id, successor=successor)
    assert mailroom.events("team_deleted") == []
    with pytest.raises(NotFound):
        do(mailroom, teams.delete_team, owner, 999)


def test_the_number_of_a_deleted_team_is_not_used_again(mailroom: Mailroom, owner: Actor) -> None:
    """The log names teams by number; a later team must not appear in an older story."""
    first = do(mailroom, teams.make_team, owner, name="First").id
    do(mailroom, teams.delete_team, owner, first)
    assert do(mailroom, teams.make_team, owner, name="Second").id != first


def test_mail_that_arrives_while_its_team_is_deleted(
    mailroom: Mailroom, owner: Actor, account: int
) -> None:
    """Mail of an account whose team is gone becomes a ticket without a team."""
    team_id = mailroom.team("Sales")
    do(mailroom, set_team, owner, account, team_id)
    assert mailroom.ticket_from(account).team_id == team_id
    do(mailroom, teams.delete_team, owner, team_id)
    later = mailroom.ticket_from(account, sender="bob@customer.test", subject="Another")
    assert later.team_id is None


def test_the_team_of_an_account(mailroom: Mailroom, owner: Actor, account: int) -> None:
    """It is set, taken away and recorded; one that does not exist is refused."""
    team_id = mailroom.team("Sales")
    do(mailroom, set_team, owner, account, team_id)
    do(mailroom, set_team, owner, account, team_id)
    assert len(mailroom.events("account_changed")) == 1
    with pytest.raises(Refused, match="no such team"):
        do(mailroom, set_team, owner, account, 999)
    do(mailroom, set_team, owner, account, None)
    with mailroom.site.db.read() as session:
        assert session.get_one(Account, account).team_id is None


@pytest.mark.parametrize("role", [Role.LEAD, Role.AGENT, Role.OBSERVER])
def test_owners_only(mailroom: Mailroom, account: int, role: Role) -> None:
    """Nobody below an owner changes a team, leads included."""
    team_id, actor = mailroom.team("Sales"), mailroom.agent(role)
    attempts: list[tuple[Any, ...]] = [
        (teams.set_members, actor, team_id, []),
        (teams.change_team, actor, team_id),
        (teams.delete_team, actor, team_id),
        (set_team, actor, account, team_id),
    ]
    for attempt in attempts:
        with pytest.raises(NotAllowed):
            do(mailroom, *attempt)
    with pytest.raises(NotAllowed):
        do(mailroom, teams.make_team, actor, name="Mine")


def test_summaries(mailroom: Mailroom, owner: Actor, account: int) -> None:
    """A team is listed with members and accounts, by name."""
    member = mailroom.agent()
    sales = mailroom.team("Sales", member, private=True)
    mailroom.team("Empty")
    do(mailroom, set_team, owner, account, sales)
    with mailroom.site.db.read() as session:
        empty, full = team_summaries(session)
    assert (empty.name, empty.members, empty.accounts) == ("Empty", (), ())
    assert (full.private, full.accounts) == (True, ("support",))
    assert full.members == (f"agent {full.members[0].partition(' ')[2]}",)
