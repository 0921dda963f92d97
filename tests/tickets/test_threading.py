"""Where an incoming message lands, and the receipt that says why (DESIGN.md, section 3)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest
from mailroom import Mailroom, bounce, mail
from plugdesk.contract.messages import IncomingMessage
from plugdesk.contract.tickets import Actor, Assignment, Change, Place, Role, Status
from plugdesk.errors import Refused
from plugdesk.tickets import operations
from plugdesk.tickets.references import new_header_id


def landed(room: Mailroom, account: int, raw: bytes) -> tuple[int, str, str]:
    """Let a mail arrive; returns its ticket, and the receipt's rule and evidence."""
    receipt = room.receipt(room.arrive(account, raw)[0])
    return receipt.ticket_id, receipt.rule, receipt.evidence


def test_a_mail_that_answers_nothing_begins_a_ticket(mailroom: Mailroom, account: int) -> None:
    """Its receipt says so, and its author is the requester."""
    ticket_id, rule, evidence = landed(mailroom, account, mail())

    assert (rule, evidence) == ("new_ticket", "")
    assert mailroom.standing(ticket_id, "ann@customer.test") == "requester"


@pytest.mark.parametrize("where", ["in_reply_to", "references", "to", "delivered_to"])
def test_our_reference_leads_back(
    mailroom: Mailroom, account: int, agent: Actor, where: str
) -> None:
    """In any field, alone, also where the client changed its case."""
    ticket = mailroom.ticket_from(account)
    ours = mailroom.answer(agent, ticket.id).header_id.upper()
    plus = f"support+{ours.partition('@')[0].lower()}@desk.test"
    raw = {
        "in_reply_to": mail(in_reply_to=ours),
        "references": mail(references=["first@elsewhere.test", ours]),
        "to": mail(to=plus),
        "delivered_to": mail(headers=[f"Delivered-To: {plus}"]),
    }[where]

    ticket_id, rule, evidence = landed(mailroom, account, raw)

    assert (ticket_id, rule) == (ticket.id, "reply_reference")
    assert evidence.casefold() in (ours.casefold(), plus)


def test_a_known_message_id_leads_to_its_ticket(mailroom: Mailroom, account: int) -> None:
    """A customer who answers their own mail stays on the ticket."""
    ticket = mailroom.ticket_from(account, message_id="first@customer.test")

    found = landed(mailroom, account, mail("One more thing", references=["first@customer.test"]))

    assert found == (ticket.id, "message_id", "first@customer.test")


def test_the_nearest_known_message_decides(mailroom: Mailroom, account: int) -> None:
    """A mail that names several conversations belongs to the one that it answers."""
    old = mailroom.ticket_from(account, message_id="old@customer.test")
    new = mailroom.ticket_from(account, message_id="new@customer.test")
    assert old.id != new.id

    chain = mail("Again", references=["old@customer.test", "new@customer.test"])
    both = ["old@customer.test", "new@customer.test"]
    direct = mail("Yes", in_reply_to="old@customer.test", references=both)

    assert landed(mailroom, account, chain)[0] == new.id
    assert landed(mailroom, account, direct)[0] == old.id


def test_message_ids_are_known_within_their_account_only(mailroom: Mailroom, account: int) -> None:
    """The same conversation with two accounts is two tickets."""
    other = mailroom.account("sales@desk.test")
    ticket = mailroom.ticket_from(account, message_id="first@customer.test")

    ticket_id, rule, _ = landed(mailroom, other, mail(in_reply_to="first@customer.test"))

    assert ticket_id != ticket.id
    assert rule == "new_ticket"


def test_one_mail_in_two_mailboxes_is_one_message_in_each(mailroom: Mailroom, account: int) -> None:
    """Neither swallows the other (case C9)."""
    other = mailroom.account("sales@desk.test")
    raw = mail(message_id="both@customer.test")

    first, second = mailroom.arrive(account, raw)[0], mailroom.arrive(other, raw)[0]

    assert mailroom.message(first).account_id == account
    assert mailroom.message(second).account_id == other
    assert mailroom.message(first).ticket_id != mailroom.message(second).ticket_id


def test_an_id_used_twice_leads_to_whoever_had_it_first(mailroom: Mailroom, account: int) -> None:
    """A stranger who takes somebody's Message-ID gets neither their mail nor their answers (C7)."""
    ann = mailroom.ticket_from(account, message_id="first@customer.test")
    thief = mail("Mine", sender="Eve <eve@evil.test>", message_id="first@customer.test")
    eve = landed(mailroom, account, thief)[0]

    follow_up = mail("One more thing", in_reply_to="first@customer.test")

    assert eve != ann.id
    assert landed(mailroom, account, follow_up)[0] == ann.id


def thread_index(*answers: int) -> list[str]:
    """Return Outlook's field: 22 bytes for the conversation, five more for each answer."""
    data = bytes(range(22)) + b"".join(bytes([answer]) * 5 for answer in answers)
    return ["Thread-Index: " + base64.b64encode(data).decode()]


@pytest.mark.parametrize("headers", [thread_index(), thread_index(1), thread_index(1, 2)])
def test_outlooks_conversation_is_the_last_proof(
    mailroom: Mailroom, account: int, headers: list[str]
) -> None:
    """Where no Message-ID survived, Thread-Index leads to the ticket, in its own account alone."""
    other = mailroom.account("sales@desk.test")
    ticket = mailroom.ticket_from(account, headers=thread_index())

    found = landed(mailroom, account, mail("Any news?", headers=headers))

    assert found[:2] == (ticket.id, "thread_index")
    assert found[2] == mailroom.message(1).thread_index
    assert landed(mailroom, other, mail("Any news?", headers=headers))[1] == "new_ticket"


def test_proofs_are_asked_in_order(mailroom: Mailroom, account: int, agent: Actor) -> None:
    """Our reference, then Message-IDs, then Thread-Index."""
    index = thread_index()
    by_index = mailroom.ticket_from(account, headers=index)
    by_id = mailroom.ticket_from(account, message_id="known@customer.test")
    by_reference = mailroom.ticket_from(account)
    ours = mailroom.answer(agent, by_reference.id).header_id

    def land(**fields: object) -> int:
        return landed(mailroom, account, mail(str(fields), headers=index, **fields))[0]  # type: ignore[arg-type]

    assert land() == by_index.id
    assert land(in_reply_to="known@customer.test") == by_id.id
    assert land(in_reply_to="known@customer.test", references=[ours]) == by_reference.id


@pytest.mark.parametrize("subject", ["[#1]", "Re: [#1] My order", "#1", "Re: My order", "Ticket 1"])
def test_a_subject_proves_nothing(mailroom: Mailroom, account: int, subject: str) -> None:
    """Neither a number nor the same words join a ticket (case S10)."""
    first = mailroom.ticket_from(account)
    assert first.id == 1

    assert landed(mailroom, account, mail(subject=subject))[1] == "new_ticket"


def test_forged_and_damaged_references_prove_nothing(
    mailroom: Mailroom, account: int, agent: Actor
) -> None:
    """Truncated, re-addressed to another ticket, unsigned or made up (case S3)."""
    ticket = mailroom.ticket_from(account)
    other = mailroom.ticket_from(account)
    local, _, domain = mailroom.answer(agent, ticket.id).header_id.partition("@")
    for forged in (
        local[:-1],
        local.rpartition(".")[0],
        local.replace(f"pd{ticket.id}.", f"pd{other.id}."),
        f"pd{ticket.id}",
        f"pd{ticket.id}.{'a' * 16}.{'a' * 16}",
    ):
        raws = [
            mail(forged, in_reply_to=f"{forged}@{domain}"),
            mail(forged, to=f"support+{forged}@desk.test"),
        ]
        for raw in raws:
            assert landed(mailroom, account, raw)[1] == "new_ticket", forged


def test_a_reference_to_a_ticket_that_never_was_proves_nothing(
    mailroom: Mailroom, account: int
) -> None:
    """It is genuine, but from before a backup was restored; other proofs still count."""
    ticket = mailroom.ticket_from(account, message_id="known@customer.test")
    lost = new_header_id(mailroom.site.keys, 4711, "desk.test")

    assert landed(mailroom, account, mail(in_reply_to=lost))[1] == "new_ticket"
    found = landed(
        mailroom, account, mail("b", in_reply_to=lost, references=["known@customer.test"])
    )
    assert found[:2] == (ticket.id, "message_id")


def test_answers_follow_a_reply_that_was_moved(
    mailroom: Mailroom, account: int, agent: Actor
) -> None:
    """The answer to a reply lands where an agent has put the reply, not where it was written."""
    wrong = mailroom.ticket_from(account)
    right = mailroom.ticket_from(account)
    ours = mailroom.answer(agent, wrong.id)
    with mailroom.site.db.write() as session:
        operations.move_message(mailroom.site, session, agent, ours.id, right.id)

    found = landed(mailroom, account, mail("Thanks", in_reply_to=ours.header_id))

    plus = f"support+{ours.header_id.partition('@')[0]}@desk.test"
    assert found == (right.id, "reply_reference", ours.header_id)
    assert landed(mailroom, account, mail("Thanks!", to=plus))[0] == right.id


def test_a_token_addresses_and_authorises_nothing(
    mailroom: Mailroom, account: int, agent: Actor
) -> None:
    """A stranger with a valid reference joins as a suggestion and inherits nothing (S1, S5)."""
    ticket = mailroom.ticket_from(account)
    ours = mailroom.answer(agent, ticket.id).header_id

    found = landed(
        mailroom,
        account,
        mail(
            "Send the refund to me",
            sender="Ann <eve@evil.test>",
            in_reply_to=ours,
            headers=["Cc: mallory@evil.test, support@desk.test", "Reply-To: eve2@evil.test"],
        ),
    )

    assert found[0] == ticket.id
    assert mailroom.ticket(ticket.id).requester_id == ticket.requester_id
    assert mailroom.standing(ticket.id, "ann@customer.test") == "requester"
    assert mailroom.standing(ticket.id, "eve@evil.test") == "suggested"
    assert mailroom.standing(ticket.id, "mallory@evil.test") == "suggested"
    assert mailroom.standing(ticket.id, "support@desk.test") == ""
    reply = mailroom.answer(agent, ticket.id)
    assert [row["address"] for row in reply.to + reply.cc + reply.bcc] == ["ann@customer.test"]


def test_only_our_own_addresses_are_left_out(mailroom: Mailroom, account: int) -> None:
    """A customer whose address happens to look like a token is a person like any other."""
    copied = ["Cc: Bob <bob+pdx@customer.test>, support+anything@desk.test, sales@desk.test"]
    mailroom.account("sales@desk.test")

    ticket = mailroom.ticket_from(account, headers=copied)

    assert mailroom.standing(ticket.id, "bob+pdx@customer.test") == "suggested"
    assert mailroom.standing(ticket.id, "support+anything@desk.test") == ""
    assert mailroom.standing(ticket.id, "sales@desk.test") == ""


@pytest.mark.parametrize(
    "sender",
    [
        "alice@corp.test\nFrom: bob@evil.test",
        "alice@corp.test, bob@evil.test",
        "alice@corp.test <bob@evil.test>",
    ],
)
def test_a_doubtful_author_is_nobody(
    mailroom: Mailroom, account: int, agent: Actor, sender: str
) -> None:
    """Two From fields, several mailboxes, a contradiction: no requester, no recipient (S7)."""
    raw = mail(sender=sender, headers=["Sender: carol@evil.test"])

    message = mailroom.message(mailroom.arrive(account, raw)[0])

    ticket = mailroom.ticket(message.ticket_id)
    assert not message.sender_certain
    assert ticket.requester_id is None
    for address in ("alice@corp.test", "bob@evil.test", "carol@evil.test"):
        assert mailroom.standing(ticket.id, address) == ""
    with pytest.raises(Refused, match="Nobody can say"):
        mailroom.answer(agent, ticket.id)


@pytest.mark.parametrize("status", [Status.PENDING, Status.RESOLVED, Status.CLOSED])
def test_an_answer_reopens(mailroom: Mailroom, account: int, agent: Actor, status: Status) -> None:
    """Whatever an agent thought, a customer who writes has something to say; it is recorded."""
    ticket = mailroom.ticket_from(account)
    ours = mailroom.answer(agent, ticket.id, status_after=status).header_id
    before = mailroom.ticket(ticket.id).version

    mailroom.arrive(account, mail("No", in_reply_to=ours))

    now = mailroom.ticket(ticket.id)
    assert now.status == "open"
    assert now.version > before
    changed = mailroom.events("ticket_changed", ticket.id)[-1]
    assert changed.data["changes"] == {"status": [status.value, "open"]}
    assert changed.actor_kind == "customer"


def test_an_answer_comes_back_from_the_trash_but_not_from_spam(
    mailroom: Mailroom, account: int, agent: Actor
) -> None:
    """What was thrown away by mistake is seen again; what an agent called spam stays there."""
    for place, after in ((Place.TRASH, "inbox"), (Place.SPAM, "spam")):
        ticket = mailroom.ticket_from(account, message_id=f"{place}@customer.test")
        with mailroom.site.db.write() as session:
            operations.change(mailroom.site, session, agent, ticket.id, Change(place=place))

        mailroom.arrive(account, mail("Hello?", in_reply_to=f"{place}@customer.test"))

        assert mailroom.ticket(ticket.id).place == after


def test_machines_wake_nobody(mailroom: Mailroom, account: int, agent: Actor) -> None:
    """Out-of-office answers and bounces join the ticket and leave its status and place (S11)."""
    ticket = mailroom.ticket_from(account)
    ours = mailroom.answer(agent, ticket.id, status_after=Status.RESOLVED).header_id
    mailroom.set(ticket.id, place="trash")
    away = mail("I am away", in_reply_to=ours, headers=["Auto-Submitted: auto-replied"])

    places = [landed(mailroom, account, raw)[:2] for raw in (away, bounce(ours))]

    assert places == [(ticket.id, "reply_reference"), (ticket.id, "bounce")]
    now = mailroom.ticket(ticket.id)
    assert (now.status, now.place) == ("resolved", "trash")
    assert mailroom.standing(ticket.id, "mailer-daemon@mx.test") == ""


def test_a_list_is_people(mailroom: Mailroom, account: int, agent: Actor) -> None:
    """A person who writes through a mailing list reopens a ticket like any other."""
    ticket = mailroom.ticket_from(account)
    ours = mailroom.answer(agent, ticket.id, status_after=Status.RESOLVED).header_id

    mailroom.arrive(account, mail("Still broken", in_reply_to=ours, headers=["List-Id: <l.test>"]))

    assert mailroom.ticket(ticket.id).status == "open"


def test_nothing_in_a_mail_passes_for_ours(mailroom: Mailroom, account: int) -> None:
    """Fields that imitate our own names or the results of checks change nothing (case S9)."""
    ticket = mailroom.ticket_from(account)
    fields = [
        f"X-Plugdesk-Ticket: {ticket.id}",
        f"X-Plugdesk-Reference: pd{ticket.id}",
        "Authentication-Results: desk.test; dkim=pass header.d=corp.test",
        "X-Plugdesk-Spam: yes",
    ]

    ticket_id, rule, _ = landed(mailroom, account, mail("b", headers=fields))

    assert (ticket_id, rule) != (ticket.id, "new_ticket")
    assert mailroom.ticket(ticket_id).place == "inbox"


def test_the_same_bytes_again_are_a_second_sighting(mailroom: Mailroom, account: int) -> None:
    """A mail moved between watched folders stays one message, seen in two places."""
    raw = mail()

    first, second = mailroom.arrive(account, raw, raw)
    third = mailroom.arrive(account, raw)[0]

    assert first == second == third
    assert len(mailroom.receipt(first).sighted) == 3
    assert [entry.state for entry in mailroom.journal()] == ["visible", "seen", "seen"]


def test_different_mail_with_one_message_id_is_two_messages(
    mailroom: Mailroom, account: int
) -> None:
    """Both stay visible (case C7)."""
    raws = [mail(text, message_id="same@customer.test") for text in ("one", "two")]

    first, second = mailroom.arrive(account, *raws)

    assert first != second
    assert [mailroom.message(number).text.strip() for number in (first, second)] == ["one", "two"]


def test_a_plugin_is_asked_after_our_own_proofs(open_mailroom: Callable[..., Mailroom]) -> None:
    """Its answer counts before Thread-Index, and names the plugin in the receipt."""
    room = open_mailroom(gmail={"find_ticket": lambda message, account_id: 2})
    account = room.account()
    first = room.ticket_from(account, message_id="known@customer.test", headers=thread_index())
    second = landed(room, account, mail("b", in_reply_to="known@customer.test"))
    assert second[:2] == (first.id, "message_id")
    room.set(first.id, account_id=account)
    assert landed(room, account, mail("c", headers=thread_index()))[1] == "thread_index"

    other = room.ticket_from(account, message_id="other@customer.test", to="x@desk.test")
    found = landed(room, account, mail("d", headers=thread_index()))

    assert other.id == 2
    assert found == (2, "plugin:gmail", "")


@pytest.mark.parametrize("answer", [1, 4711, 0, -1, 2**31, 2**62, 2**70])
def test_a_plugin_cannot_lead_elsewhere(
    open_mailroom: Callable[..., Mailroom], answer: int
) -> None:
    """A ticket of another account, none at all, or a number no database knows: a new ticket."""
    room = open_mailroom(bad={"find_ticket": lambda message, account_id: answer})
    elsewhere = room.ticket_from(room.account("sales@desk.test"))
    assert elsewhere.id == 1

    assert landed(room, room.account(), mail())[1] == "new_ticket"


@pytest.mark.parametrize(
    "answer",
    [
        Assignment(team_id=4711),
        Assignment(agent_id=4711),
        Assignment(agent_id=2**70),
        Assignment(team_id=2**70),
        Assignment(agent_id=1),
    ],
)
def test_an_impossible_assignment_costs_no_mail(
    open_mailroom: Callable[..., Mailroom], answer: Assignment
) -> None:
    """Nobody there, no such team, an observer: the account's team has the ticket."""
    room = open_mailroom(bad={"assign_ticket": lambda ticket: answer})
    assert room.agent(Role.OBSERVER).person_id == 1
    team = room.team("Support")

    ticket = room.ticket_from(room.account(team_id=team))

    assert (ticket.assignee_id, ticket.team_id) == (None, team)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "a\x00b\ud800c", "subject": "\x00"},
        {"attachments": (), "text": "no files"},
        {"sender": None},
    ],
)
def test_what_a_plugin_makes_of_a_mail_can_be_saved(
    open_mailroom: Callable[..., Mailroom], change: dict[str, object]
) -> None:
    """Characters that no database stores do not keep the mail from being seen."""

    def message_incoming(message: IncomingMessage) -> IncomingMessage:
        return replace(message, **change)  # type: ignore[arg-type]

    room = open_mailroom(bad={"message_incoming": message_incoming})

    room.arrive(room.account(), mail())

    assert [entry.state for entry in room.journal()] == ["visible"]
