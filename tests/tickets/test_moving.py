"""Moving messages between tickets, and taking that back."""

from __future__ import annotations

import pytest
from mailroom import Mailroom, mail
from plugdesk.contract.tickets import Actor
from plugdesk.errors import NotFound, Refused
from plugdesk.tickets import operations
from plugdesk.tickets.drafts import Upload
from plugdesk.tickets.models import Ticket


def move(room: Mailroom, actor: Actor, message_id: int, ticket_id: int | None) -> int:
    """Move a message; returns the ticket that it is on then."""
    with room.site.db.write() as session:
        return operations.move_message(room.site, session, actor, message_id, ticket_id)


@pytest.fixture
def second(mailroom: Mailroom, ticket: Ticket) -> int:
    """Ann's second message on her ticket, which threading put there."""
    raw = mail("By the way", subject="Other", in_reply_to="first@customer.test")
    return mailroom.arrive(ticket.account_id, raw)[0]


def test_a_split_message_is_a_ticket_of_its_own(
    mailroom: Mailroom, agent: Actor, ticket: Ticket, second: int
) -> None:
    """With its author as requester, its subject, and a receipt that says where it came from."""
    new = mailroom.ticket(move(mailroom, agent, second, None))

    assert (new.subject, new.snippet, new.message_count) == ("Other", "By the way", 1)
    assert new.requester_id == ticket.requester_id
    assert mailroom.ticket(ticket.id).message_count == 1
    assert mailroom.ticket(ticket.id).snippet == "Where is my order?"
    assert (mailroom.receipt(second).rule, mailroom.receipt(second).evidence) == (
        "moved",
        f"#{ticket.id}",
    )
    kinds = [event.kind for event in mailroom.events(ticket_id=new.id)]
    assert kinds == ["ticket_created", "message_moved"]


@pytest.mark.parametrize("to_new", [True, False])
def test_moving_back_undoes_it(
    mailroom: Mailroom, agent: Actor, ticket: Ticket, second: int, to_new: bool
) -> None:
    """Message and receipt are as before; a ticket made for it goes to the trash."""
    before = mailroom.receipt(second)
    assert before.rule == "message_id"
    other = None if to_new else mailroom.ticket_from(ticket.account_id).id

    target = move(mailroom, agent, second, other)
    move(mailroom, agent, second, ticket.id)

    assert mailroom.receipt(second) == before
    assert mailroom.ticket(ticket.id).message_count == 2
    assert mailroom.ticket(target).place == ("trash" if to_new else "inbox")
    assert [mailroom.ticket(number).version for number in (ticket.id, target)] > [1, 1]


def test_the_only_message_may_join_another_ticket(
    mailroom: Mailroom, agent: Actor, ticket: Ticket
) -> None:
    """The ticket that is left empty is trash, and comes back with its message."""
    wrong = mailroom.ticket_from(ticket.account_id)
    [message] = [e.message_id for e in mailroom.events("message_received", wrong.id)]
    assert message is not None

    move(mailroom, agent, message, ticket.id)
    assert mailroom.ticket(wrong.id).place == "trash"
    move(mailroom, agent, message, wrong.id)

    assert mailroom.ticket(wrong.id).place == "inbox"
    changes = [e.data["changes"] for e in mailroom.events("ticket_changed", wrong.id)]
    assert changes == [{"place": ["inbox", "trash"]}, {"place": ["trash", "inbox"]}]
    assert mailroom.receipt(message).rule == "new_ticket"


def test_moves_that_change_nothing_are_refused(
    mailroom: Mailroom, agent: Actor, ticket: Ticket
) -> None:
    """To where it is, to a new ticket when it is alone, or of a message that never was."""
    with pytest.raises(Refused, match="already"):
        move(mailroom, agent, 1, ticket.id)
    with pytest.raises(Refused, match="only message"):
        move(mailroom, agent, 1, None)
    with pytest.raises(NotFound):
        move(mailroom, agent, 4711, ticket.id)
    with pytest.raises(NotFound):
        move(mailroom, agent, 1, 4711)


def test_the_paper_clip_goes_with_the_file(
    mailroom: Mailroom, agent: Actor, ticket: Ticket
) -> None:
    """A ticket shows that it has files as long as it has."""
    file = Upload(name="a.txt", content_type="text/plain", content=b"a")
    reply = mailroom.answer(agent, ticket.id, files=(file,))

    new = move(mailroom, agent, reply.id, None)

    assert not mailroom.ticket(ticket.id).has_attachments
    assert mailroom.ticket(new).has_attachments
    assert mailroom.ticket(new).requester_id == ticket.requester_id
