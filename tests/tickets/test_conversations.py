"""Whatever mail clients do to the headers, every message lands where its author answered."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mailroom import Mailroom, mail
from plugdesk.contract.tickets import Actor

#: What a client keeps of the headers that tie answers together.
CLIENTS = ["both", "in_reply_to", "references", "rewritten"]
_numbers = count()


@dataclass
class Said:
    """One message of a conversation."""

    header_id: str
    references: list[str]
    ticket_id: int
    account: int
    customer: str


@dataclass
class Step:
    """A customer begins, or somebody answers the message that `choice` picks."""

    who: str
    choice: int
    client: str
    customer: int
    account: int


steps = st.builds(
    Step,
    who=st.sampled_from(["begin", "customer", "customer", "agent"]),
    choice=st.integers(0, 10**6),
    client=st.sampled_from(CLIENTS),
    customer=st.integers(0, 3),
    account=st.integers(0, 1),
)


Desk = tuple[Mailroom, list[int], Actor]


@pytest.fixture
def desk(mailroom: Mailroom) -> Desk:
    """Two accounts and an agent, for all examples of a test."""
    accounts = [mailroom.account(f"{name}@desk.test") for name in ("support", "sales")]
    return mailroom, accounts, mailroom.agent()


def headers_of(client: str, parent: Said) -> dict[str, object]:
    """Return what a client writes into the answer to a message."""
    full = [*parent.references, parent.header_id]
    kept: dict[str, dict[str, object]] = {
        "both": {"in_reply_to": parent.header_id, "references": full},
        "in_reply_to": {"in_reply_to": parent.header_id},
        "references": {"references": full},
        "rewritten": {
            "in_reply_to": parent.header_id,
            "references": ["rewritten@relay.test", parent.header_id],
        },
    }
    return kept[client]


def write(room: Mailroom, account: int, customer: str, parent: Said | None, client: str) -> Said:
    """Let a customer's mail arrive and check where it lands."""
    name = f"c{next(_numbers)}@customer.test"
    fields = headers_of(client, parent) if parent else {}
    raw = mail(name, sender=customer, subject="Order", message_id=name, **fields)  # type: ignore[arg-type]
    message = room.message(room.arrive(account, raw)[0])
    references = fields.get("references") or fields.get("in_reply_to") or []
    kept = [references] if isinstance(references, str) else list(references)  # type: ignore[call-overload]
    if parent is not None:
        assert message.ticket_id == parent.ticket_id, client
    return Said(name, kept, message.ticket_id, account, customer)


def check(room: Mailroom, said: list[Said]) -> None:
    """Nobody's words are on a ticket that somebody else began."""
    authors: dict[int, set[str]] = {}
    for message in said:
        authors.setdefault(message.ticket_id, set()).add(message.customer)
    assert all(len(names) == 1 for names in authors.values())
    for ticket_id, names in authors.items():
        assert room.standing(ticket_id, *names) == "requester"


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(plan=st.lists(steps, min_size=4, max_size=14))
def test_every_message_lands_where_its_author_answered(desk: Desk, plan: list[Step]) -> None:
    """Trees of several customers in two accounts, ours and theirs interleaved, same subjects."""
    mailroom, accounts, agent = desk
    said: list[Said] = []
    for step in plan:
        customer = f"customer{step.customer}@customer.test"
        theirs = [message for message in said if message.customer == customer]
        if step.who == "agent" and said:
            parent = said[step.choice % len(said)]
            ours = mailroom.answer(agent, parent.ticket_id)
            said.append(
                Said(
                    ours.header_id, ours.references, ours.ticket_id, parent.account, parent.customer
                )
            )
        elif step.who == "customer" and theirs:
            parent = theirs[step.choice % len(theirs)]
            said.append(write(mailroom, parent.account, customer, parent, step.client))
        else:
            new = write(mailroom, accounts[step.account], customer, None, step.client)
            assert new.ticket_id not in {message.ticket_id for message in said}
            said.append(new)
    check(mailroom, said)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(answers=st.lists(st.sampled_from(CLIENTS), min_size=2, max_size=6), data=st.data())
def test_siblings_may_overtake_each_other(
    desk: Desk, answers: list[str], data: st.DataObject
) -> None:
    """Answers to messages that are known arrive in any order, in one batch, and stay together."""
    mailroom, accounts, agent = desk
    customers = [f"{name}{next(_numbers)}@customer.test" for name in ("ann", "bob")]
    roots = [write(mailroom, accounts[0], customer, None, "both") for customer in customers]
    for root in list(roots):
        ours = mailroom.answer(agent, root.ticket_id)
        roots.append(
            Said(ours.header_id, ours.references, ours.ticket_id, accounts[0], root.customer)
        )
    mails = []
    for client in answers:
        for root in roots:
            name = f"s{next(_numbers)}@customer.test"
            fields = headers_of(client, root)
            raw = mail(name, sender=root.customer, message_id=name, **fields)  # type: ignore[arg-type]
            mails.append((raw, root.ticket_id))
    order = data.draw(st.permutations(mails))

    arrived = mailroom.arrive(accounts[0], *[raw for raw, _ in order])

    assert [mailroom.message(number).ticket_id for number in arrived] == [t for _, t in order]
