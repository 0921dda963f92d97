"""Adding agents, changing their roles, and letting them go."""

from __future__ import annotations

import threading

import pytest
from mailroom import Mailroom
from plugdesk.contract.tickets import SYSTEM, Actor, Role
from plugdesk.errors import NotAllowed, NotFound, Refused
from plugdesk.people import agents, sign_in
from plugdesk.people.models import Agent, Person
from plugdesk.people.operations import verify_password
from plugdesk.people.summaries import members
from plugdesk.tickets.models import Ticket
from staffing import do, inside

WORD = "correct horse battery"


def signed_in(mailroom: Mailroom, actor: Actor) -> str:
    """Sign somebody's browser in and return its token."""
    with mailroom.site.db.write() as session:
        return sign_in.start(session, mailroom.clock.now(), actor.person_id or 0, "Browser")


def is_signed_in(mailroom: Mailroom, token: str) -> bool:
    """Say whether a token still opens the desk."""
    with mailroom.site.db.read() as session:
        return sign_in.find(session, mailroom.clock.now(), token) is not None


def row(mailroom: Mailroom, actor: Actor) -> Agent:
    """Return an agent as they stand."""
    with mailroom.site.db.read() as session:
        return session.get_one(Agent, actor.person_id)


def test_somebody_is_added(mailroom: Mailroom, owner: Actor) -> None:
    """They can sign in; their name is one line, and the log says who let them in with what role."""
    added = do(
        mailroom, agents.add, owner, name="Nele\nBerg", address="Nele@desk.test", password=WORD,
        role=Role.LEAD,
    )  # fmt: skip
    with mailroom.site.db.read() as session:
        assert session.get_one(Person, added.person_id).name == "Nele Berg"
        assert verify_password(session, "nele@desk.test", WORD) is not None
    event = mailroom.events("person_changed")[-1]
    assert event.actor_person_id == owner.person_id
    assert event.data == {"person_id": added.person_id, "changes": {"role": [None, "lead"]}}


def test_generated_passwords_can_be_read_out() -> None:
    """They are long, differ, and have nothing that looks like something else."""
    made = {agents.generated_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(word) == 19 and not set(word) & set("il1o0") for word in made)


def test_deactivating(mailroom: Mailroom, owner: Actor, account: int) -> None:
    """They are signed out; unfinished tickets are unassigned with an event, finished ones stay."""
    leaving = mailroom.agent()
    team_id = mailroom.team("Sales", leaving)
    token = signed_in(mailroom, leaving)
    states = ("open", "pending", "resolved", "closed")
    tickets = [mailroom.ticket_from(account, subject=state) for state in states]
    for ticket, state in zip(tickets, states, strict=True):
        mailroom.set(ticket.id, assignee_id=leaving.person_id, status=state)
    assert do(mailroom, agents.deactivate, owner, leaving.person_id) == 2
    assert not is_signed_in(mailroom, token)
    kept = [mailroom.ticket(ticket.id).assignee_id for ticket in tickets]
    assert kept == [None, None, leaving.person_id, leaving.person_id]
    event = mailroom.events("ticket_changed", tickets[0].id)[-1]
    assert event.data["changes"] == {"assignee_id": [leaving.person_id, None]}
    assert event.actor_person_id == owner.person_id
    person_event = mailroom.events("person_changed")[-1]
    assert person_event.data["changes"] == {"active": [True, False]}
    assert do(mailroom, agents.deactivate, owner, leaving.person_id) == 0
    assert inside(mailroom, team_id) == {leaving.person_id}


def test_a_finished_ticket_comes_back_unassigned(
    mailroom: Mailroom, owner: Actor, account: int, ticket: Ticket
) -> None:
    """When a customer answers on a ticket of somebody who left, it waits for everybody."""
    leaving = mailroom.agent()
    mailroom.set(ticket.id, assignee_id=leaving.person_id, status="resolved")
    do(mailroom, agents.deactivate, owner, leaving.person_id)
    again = mailroom.ticket_from(account, in_reply_to="<first@customer.test>")
    assert again.id == ticket.id
    assert (again.status, again.assignee_id) == ("open", None)
    assert mailroom.events("ticket_changed", ticket.id)[-1].data["changes"] == {
        "status": ["resolved", "open"],
        "assignee_id": [leaving.person_id, None],
    }


def test_a_finished_ticket_comes_back_to_who_still_works(
    mailroom: Mailroom, agent: Actor, account: int, ticket: Ticket
) -> None:
    """Others keep theirs when the customer answers."""
    mailroom.set(ticket.id, assignee_id=agent.person_id, status="resolved")
    again = mailroom.ticket_from(account, in_reply_to="<first@customer.test>")
    assert (again.id, again.assignee_id) == (ticket.id, agent.person_id)


def test_reactivating(mailroom: Mailroom, owner: Actor, agent: Actor) -> None:
    """They may sign in again as before; a second time says nothing."""
    do(mailroom, agents.deactivate, owner, agent.person_id)
    do(mailroom, agents.reactivate, owner, agent.person_id)
    do(mailroom, agents.reactivate, owner, agent.person_id)
    assert row(mailroom, agent).active
    changes = [event.data.get("changes") for event in mailroom.events("person_changed")]
    assert changes[-2:] == [{"active": [True, False]}, {"active": [False, True]}]


def test_a_role_is_changed(mailroom: Mailroom, owner: Actor, agent: Actor, ticket: Ticket) -> None:
    """It is recorded and signs out; one who only reads from now on hands tickets back."""
    mailroom.set(ticket.id, assignee_id=agent.person_id)
    token = signed_in(mailroom, agent)
    assert do(mailroom, agents.change_role, owner, agent.person_id, Role.AGENT) == 0
    assert is_signed_in(mailroom, token)
    assert do(mailroom, agents.change_role, owner, agent.person_id, Role.LEAD) == 0
    assert not is_signed_in(mailroom, token)
    assert mailroom.ticket(ticket.id).assignee_id == agent.person_id
    assert do(mailroom, agents.change_role, owner, agent.person_id, Role.OBSERVER) == 1
    assert mailroom.ticket(ticket.id).assignee_id is None
    event = mailroom.events("person_changed")[-1]
    assert event.data["changes"] == {"role": ["lead", "observer"]}


def test_the_last_owner_stays(mailroom: Mailroom, owner: Actor) -> None:
    """Neither role nor access of the last owner can be taken; deactivated owners do not count."""
    second = mailroom.agent(Role.OWNER)
    do(mailroom, agents.deactivate, owner, second.person_id)
    with pytest.raises(Refused, match="needs an owner"):
        do(mailroom, agents.change_role, owner, owner.person_id, Role.LEAD)
    with pytest.raises(Refused, match="needs an owner"):
        do(mailroom, agents.deactivate, SYSTEM, owner.person_id)
    with pytest.raises(Refused, match="yourself"):
        do(mailroom, agents.deactivate, owner, owner.person_id)


def test_two_owners_who_deactivate_each_other(mailroom: Mailroom, owner: Actor) -> None:
    """However it ends, one owner is left."""
    second = mailroom.agent(Role.OWNER)
    ready = threading.Barrier(2)

    def strike(actor: Actor, other: Actor) -> None:
        ready.wait(10)
        try:
            do(mailroom, agents.deactivate, actor, other.person_id)
        except Refused:
            return

    pairs = [(owner, second), (second, owner)]
    threads = [threading.Thread(target=strike, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [row(mailroom, actor).active for actor in (owner, second)].count(True) == 1


def test_a_forgotten_password(mailroom: Mailroom, owner: Actor) -> None:
    """The new one opens the desk, the old one and open browsers do not; never one's own."""
    added = do(
        mailroom, agents.add, owner, name="Nele", address="nele@desk.test", password=WORD,
        role=Role.AGENT,
    )  # fmt: skip
    made = do(mailroom, agents.renew_password, owner, added.person_id)
    with mailroom.site.db.read() as session:
        assert verify_password(session, "nele@desk.test", made) is not None
        assert verify_password(session, "nele@desk.test", WORD) is None
    assert made not in str([event.data for event in mailroom.events()])
    with pytest.raises(Refused, match="profile"):
        do(mailroom, agents.renew_password, owner, owner.person_id)


@pytest.mark.parametrize("role", [Role.LEAD, Role.AGENT])
def test_owners_only(mailroom: Mailroom, role: Role, agent: Actor) -> None:
    """Nobody below an owner adds, changes or lets go anybody."""
    actor = mailroom.agent(role)
    with pytest.raises(NotAllowed):
        do(mailroom, agents.change_role, actor, agent.person_id, Role.OWNER)
    for operation in (agents.deactivate, agents.reactivate, agents.renew_password):
        with pytest.raises(NotAllowed):
            do(mailroom, operation, actor, agent.person_id)
    with pytest.raises(NotAllowed):
        do(mailroom, agents.add, actor, name="N", address="n@desk.test", password=WORD,
           role=Role.OWNER)  # fmt: skip


def test_strangers(mailroom: Mailroom, owner: Actor, ticket: Ticket) -> None:
    """Numbers of nobody, and of customers, name no agent."""
    for number in (mailroom.person("ann@customer.test"), 999, 2**40):
        with pytest.raises(NotFound):
            do(mailroom, agents.deactivate, owner, number)


def test_members_are_listed(mailroom: Mailroom, owner: Actor, agent: Actor) -> None:
    """Everybody with their teams, the deactivated last."""
    mailroom.team("Sales", agent)
    do(mailroom, agents.deactivate, owner, agent.person_id)
    mailroom.clock.move(days=1)
    third = mailroom.agent(Role.OBSERVER)
    with mailroom.site.db.read() as session:
        found = members(session)
    assert [member.person.id for member in found][-1] == agent.person_id
    assert found[-1].teams == ("Sales",)
    assert {member.person.id for member in found[:-1]} == {owner.person_id, third.person_id}
