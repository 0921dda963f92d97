"""Persons, members of the desk, and their passwords."""

from __future__ import annotations

import threading

import pytest
from mailroom import Mailroom
from plugdesk.contract.tickets import Role
from plugdesk.errors import NotFound, Refused
from plugdesk.people import operations, sign_in
from plugdesk.people.models import Agent, Person, PersonAddress
from sqlalchemy import func, select

PASSWORD = "correct horse battery"


def add(room: Mailroom, address: str = "mina@desk.test", role: Role = Role.AGENT) -> int:
    """Make a member of the desk."""
    with room.site.db.write() as session:
        return operations.add_agent(
            room.site, session, name="Mina", address=address, password=PASSWORD, role=role
        ).person_id


def signs_in(room: Mailroom, address: str, password: str = PASSWORD) -> bool:
    """Whether an address and a password name an active agent."""
    with room.site.db.read() as session:
        return operations.verify_password(session, address, password) is not None


def open_browsers(room: Mailroom, person: int) -> int:
    """Return how many browsers are signed in as somebody."""
    with room.site.db.read() as session:
        return len(sign_in.open_sign_ins(session, room.clock.now(), person, ""))


def sign_in_browser(room: Mailroom, person: int) -> None:
    """Sign a browser in."""
    with room.site.db.write() as session:
        sign_in.start(session, room.clock.now(), person, "Browser")


def test_a_person_is_found_again(mailroom: Mailroom) -> None:
    """One for each address; the first name that is known stays, and one event tells of it."""
    with mailroom.site.db.write() as session:
        now = mailroom.clock.now()
        first = operations.find_or_create(session, now, "ann@x.test")
        again = operations.find_or_create(session, now, "ann@x.test", "Ann")
        third = operations.find_or_create(session, now, "ann@x.test", "Impostor")
        assert first is again is third
        assert first.name == "Ann"
        assert operations.find_or_create(session, now, "bob@x.test") is not first

    assert len(mailroom.events("person_changed")) == 2


def test_many_at_once_make_one_person(mailroom: Mailroom) -> None:
    """Whoever is first wins, the others find that person, and nobody fails."""
    together = threading.Barrier(6)
    found: list[int] = []

    def find() -> None:
        together.wait(10)
        for number in range(5):
            with mailroom.site.db.write() as session:
                person = operations.find_or_create(
                    session, mailroom.clock.now(), f"p{number}@x.test", "P"
                )
                found.append(person.id)

    threads = [threading.Thread(target=find) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(found) == 30
    assert len(set(found)) == 5
    with mailroom.site.db.read() as session:
        assert session.scalars(select(func.count()).select_from(Person)).one() == 5
        assert session.scalars(select(func.count()).select_from(PersonAddress)).one() == 5


def test_who_signs_in(mailroom: Mailroom) -> None:
    """The right password of an active agent, whatever the spelling of the address."""
    person = add(mailroom)
    with mailroom.site.db.write() as session:
        operations.find_or_create(session, mailroom.clock.now(), "ann@customer.test")

    assert signs_in(mailroom, "mina@desk.test")
    assert signs_in(mailroom, " Mina@DESK.test ")
    for address, password in (
        ("mina@desk.test", "wrong horse battery"),
        ("mina@desk.test", ""),
        ("ann@customer.test", PASSWORD),
        ("nobody@desk.test", PASSWORD),
        ("", PASSWORD),
        ("mina@desk.test\x00", PASSWORD),
    ):
        assert not signs_in(mailroom, address, password)
    with mailroom.site.db.write() as session:
        session.get_one(Agent, person).active = False
    assert not signs_in(mailroom, "mina@desk.test")
    with mailroom.site.db.read() as session, pytest.raises(NotFound):
        operations.agent_actor(session, person)


@pytest.mark.parametrize("address", ["nobody@desk.test", "no address", "former@desk.test"])
def test_an_unknown_address_costs_a_hash_too(
    mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """The time tells nobody who works here (case S41)."""
    former = add(mailroom, "former@desk.test")
    with mailroom.site.db.write() as session:
        session.get_one(Agent, former).active = False
    checked: list[str] = []

    def verify(_hasher: object, _password: str, hashed: str) -> bool:
        checked.append(hashed)
        return False

    monkeypatch.setattr(type(operations._hasher), "verify", verify)

    assert not signs_in(mailroom, address)

    assert len(checked) == 1


def test_a_new_password_ends_every_sign_in(mailroom: Mailroom) -> None:
    """The old one opens nothing any more; a weak one is refused and changes nothing."""
    person, other = add(mailroom), add(mailroom, "jun@desk.test")
    sign_in_browser(mailroom, person)
    sign_in_browser(mailroom, other)

    with pytest.raises(Refused), mailroom.site.db.write() as session:
        operations.set_password(session, session.get_one(Agent, person), "short")
    assert open_browsers(mailroom, person) == 1
    with mailroom.site.db.write() as session:
        operations.set_password(session, session.get_one(Agent, person), "another long one")

    assert not signs_in(mailroom, "mina@desk.test")
    assert signs_in(mailroom, "mina@desk.test", "another long one")
    assert (open_browsers(mailroom, person), open_browsers(mailroom, other)) == (0, 1)


def test_a_new_role_ends_every_sign_in(mailroom: Mailroom) -> None:
    """What a browser may do follows at once."""
    person = add(mailroom, role=Role.LEAD)
    sign_in_browser(mailroom, person)

    with mailroom.site.db.write() as session:
        operations.set_role(session, session.get_one(Agent, person), Role.OBSERVER)

    assert open_browsers(mailroom, person) == 0
    with mailroom.site.db.read() as session:
        assert operations.agent_actor(session, person).role is Role.OBSERVER


def test_a_desk_keeps_an_owner(mailroom: Mailroom) -> None:
    """Former owners do not count."""
    first, former = (
        add(mailroom, "a@desk.test", Role.OWNER),
        add(mailroom, "b@desk.test", Role.OWNER),
    )
    with mailroom.site.db.write() as session:
        session.get_one(Agent, former).active = False

    with pytest.raises(Refused, match="needs an owner"), mailroom.site.db.write() as session:
        operations.set_role(session, session.get_one(Agent, first), Role.LEAD)
    with mailroom.site.db.write() as session:
        operations.set_role(session, session.get_one(Agent, first), Role.OWNER)

    with mailroom.site.db.read() as session:
        assert operations.has_owner(session)


def test_two_owners_who_step_down_at_once_leave_one(mailroom: Mailroom) -> None:
    """Neither may count on the other."""
    owners = [add(mailroom, f"{n}@desk.test", Role.OWNER) for n in range(2)]
    together = threading.Barrier(2)
    outcome: list[str] = []

    def step_down(person: int) -> None:
        together.wait(10)
        try:
            with mailroom.site.db.write() as session:
                operations.set_role(session, session.get_one(Agent, person), Role.AGENT)
                session.flush()
            outcome.append("done")
        except Refused:
            outcome.append("refused")

    threads = [threading.Thread(target=step_down, args=(person,)) for person in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(outcome) == ["done", "refused"]


@pytest.mark.parametrize(
    "wrong", [{"address": "nobody"}, {"password": "short"}, {"address": "MINA@desk.test"}]
)
def test_members_are_refused_with_a_reason(mailroom: Mailroom, wrong: dict[str, str]) -> None:
    """No address, a weak password, somebody who is a member already."""
    add(mailroom)
    values = {"name": "X", "address": "x@desk.test", "password": PASSWORD, **wrong}

    with pytest.raises(Refused), mailroom.site.db.write() as session:
        operations.add_agent(mailroom.site, session, role=Role.AGENT, **values)

    with mailroom.site.db.read() as session:
        assert session.scalars(select(func.count()).select_from(Agent)).one() == 1


def test_a_customer_who_joins_the_desk_stays_one_person(mailroom: Mailroom) -> None:
    """Their address counts as proven from then on."""
    with mailroom.site.db.write() as session:
        customer = operations.find_or_create(session, mailroom.clock.now(), "mina@desk.test").id

    assert add(mailroom) == customer

    with mailroom.site.db.read() as session:
        assert session.scalars(select(PersonAddress.proven)).one()
