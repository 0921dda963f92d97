"""Replies, notes and conversations that agents begin; taking them back."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailroom import Mailroom, mail
from plugdesk.contract.addresses import Address
from plugdesk.contract.tickets import Actor, Role, Status
from plugdesk.errors import NotAllowed, NotFound, Outdated, PlugdeskError, Refused
from plugdesk.outbox import delivery
from plugdesk.tickets import operations
from plugdesk.tickets.drafts import NewTicket, NoteDraft, ReplyDraft, Upload
from plugdesk.tickets.models import Message, Note, StoredAttachment, Ticket
from plugdesk.tickets.replies import LONGEST_CHAIN
from plugdesk.tickets.saying import clean_file_name
from plugdesk.tickets.timeline import TimelineMessage, timeline
from sqlalchemy import func, select

ANN = Address("Ann", "ann@customer.test")
BOB = Address("Bob", "bob@customer.test")


@pytest.fixture
def slow(mailroom: Mailroom) -> Mailroom:
    """A desk whose replies wait ten seconds before they leave."""
    mailroom.site.config = mailroom.site.config.model_copy(update={"undo_seconds": 10.0})
    return mailroom


def begin(room: Mailroom, actor: Actor, account: int, **more: object) -> Ticket:
    """Begin a conversation with Ann."""
    values = {"account_id": account, "to": (ANN,), "subject": "Hello", "text": "Hi", **more}
    with room.site.db.write() as session:
        return operations.new_ticket(room.site, session, actor, NewTicket(**values))  # type: ignore[arg-type]


def note(room: Mailroom, actor: Actor, ticket_id: int, **more: object) -> Note:
    """Leave a note."""
    with room.site.db.write() as session:
        draft = NoteDraft(**{"text": "Check the stock", **more})  # type: ignore[arg-type]
        return operations.add_note(room.site, session, actor, ticket_id, draft)


def undo(room: Mailroom, actor: Actor, message_id: int) -> ReplyDraft:
    """Take a reply back."""
    with room.site.db.write() as session:
        return operations.undo_reply(room.site, session, actor, message_id)


def total(room: Mailroom, model: type) -> int:
    """Return how many rows a table has."""
    with room.site.db.read() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def addresses(rows: list[dict[str, str]]) -> list[str]:
    """Return stored addresses without their names."""
    return [row["address"] for row in rows]


def test_a_reply_goes_to_the_requester_and_those_in_copy(
    mailroom: Mailroom, agent: Actor, account: int
) -> None:
    """Suggested persons get nothing until an agent confirms them; the choice is recorded."""
    ticket = mailroom.ticket_from(account, headers=["Cc: Bob <bob@customer.test>, eve@evil.test"])
    first = mailroom.answer(agent, ticket.id)
    assert (addresses(first.to), first.cc) == (["ann@customer.test"], [])

    with mailroom.site.db.write() as session:
        rows = {name: mailroom.person(name) for name in ("bob@customer.test", "ann@customer.test")}
        for person in rows.values():
            operations.confirm_person(mailroom.site, session, agent, ticket.id, person)
            operations.confirm_person(mailroom.site, session, agent, ticket.id, person)

    second = mailroom.answer(agent, ticket.id)
    assert (addresses(second.to), addresses(second.cc)) == (
        ["ann@customer.test"],
        ["bob@customer.test"],
    )
    assert mailroom.standing(ticket.id, "ann@customer.test") == "requester"
    assert [event.data for event in mailroom.events("person_confirmed")] == [
        {"person_id": rows["bob@customer.test"]}
    ]
    assert addresses(mailroom.answer(agent, ticket.id, to=(BOB,)).cc) == []
    with pytest.raises(NotFound), mailroom.site.db.write() as session:
        operations.confirm_person(mailroom.site, session, agent, ticket.id, 4711)


def test_a_reply_carries_the_conversation(mailroom: Mailroom, agent: Actor, ticket: Ticket) -> None:
    """In-Reply-To's message comes last in References, the first is never left out of a long one."""
    replies = [mailroom.answer(agent, ticket.id, f"Reply {n}") for n in range(LONGEST_CHAIN + 3)]

    assert replies[0].references == ["first@customer.test"]
    assert replies[1].references == ["first@customer.test", replies[0].header_id]
    assert len(replies[-1].references) == LONGEST_CHAIN
    assert replies[-1].references[0] == "first@customer.test"
    assert replies[-1].references[-1] == replies[-2].header_id


@pytest.mark.parametrize(
    ("subject", "expected"),
    [("My order", "Re: My order"), ("RE: My order", "RE: My order"), ("", "Re:")],
)
def test_subjects_gather_no_prefixes(
    mailroom: Mailroom, agent: Actor, account: int, subject: str, expected: str
) -> None:
    """One Re: is enough."""
    ticket = mailroom.ticket_from(account, subject=subject)

    assert mailroom.answer(agent, ticket.id).subject == expected


def test_the_same_form_twice_is_one_reply(mailroom: Mailroom, agent: Actor, ticket: Ticket) -> None:
    """Also for notes and new conversations; no second message, no second event."""
    replies = {mailroom.answer(agent, ticket.id, client_key="a").id for _ in range(2)}
    notes = {note(mailroom, agent, ticket.id, client_key="a").id for _ in range(2)}
    begun = {begin(mailroom, agent, ticket.account_id, client_key="b").id for _ in range(2)}

    assert (len(replies), len(notes), len(begun)) == (1, 1, 1)
    assert total(mailroom, Message) == 3
    assert len(mailroom.events("message_queued")) == 2
    assert len(mailroom.events("note_added")) == 1


def test_a_forms_key_opens_nobody_elses_words(
    mailroom: Mailroom, agent: Actor, ticket: Ticket
) -> None:
    """Used by somebody else or on another ticket it is refused, whatever is sent with it."""
    mailroom.answer(agent, ticket.id, client_key="a")
    note(mailroom, agent, ticket.id, client_key="a")
    other = mailroom.ticket_from(ticket.account_id)
    stranger = mailroom.agent()

    for actor, number in ((stranger, ticket.id), (agent, other.id), (stranger, other.id)):
        with pytest.raises(Refused, match="sent before"):
            mailroom.answer(actor, number, client_key="a")
    with pytest.raises(Refused, match="sent before"):
        begin(mailroom, stranger, ticket.account_id, client_key="a")
    with pytest.raises(Refused, match="sent before"):
        note(mailroom, agent, other.id, client_key="a")


def test_the_same_form_twice_at_once_is_one_ticket(mailroom: Mailroom, agent: Actor) -> None:
    """A double click is two requests in two processes."""
    account = mailroom.account()
    found: list[int] = []
    together = threading.Barrier(4)

    def send() -> None:
        together.wait(10)
        found.append(begin(mailroom, agent, account, client_key="twice").id)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(found) == 4
    assert len(set(found)) == total(mailroom, Ticket) == 1


def test_a_reply_to_something_unseen_is_refused(
    mailroom: Mailroom, agent: Actor, ticket: Ticket
) -> None:
    """Messages and notes count, changes of fields do not."""
    seen = ticket.version
    mailroom.answer(agent, ticket.id, seen_version=seen, status_after=Status.PENDING)
    with pytest.raises(Outdated):
        mailroom.answer(agent, ticket.id, seen_version=seen)

    seen = mailroom.ticket(ticket.id).version
    note(mailroom, agent, ticket.id)
    with pytest.raises(Outdated):
        mailroom.answer(agent, ticket.id, seen_version=seen)

    seen = mailroom.ticket(ticket.id).version
    mailroom.arrive(ticket.account_id, mail("Wait!", in_reply_to="first@customer.test"))
    with pytest.raises(Outdated):
        mailroom.answer(agent, ticket.id, seen_version=seen)
    assert total(mailroom, Message) == 3


@pytest.mark.parametrize("text", ["", "  \n\t", "\x00", "x" * 1_000_001])
def test_empty_and_endless_texts_are_refused(
    mailroom: Mailroom, agent: Actor, ticket: Ticket, text: str
) -> None:
    """And nothing is left behind."""
    with pytest.raises(Refused):
        mailroom.answer(agent, ticket.id, text)
    with pytest.raises(Refused):
        note(mailroom, agent, ticket.id, text=text)

    assert total(mailroom, Message) == 1


def test_what_an_agent_writes_is_kept_and_made_harmless(
    mailroom: Mailroom, agent: Actor, ticket: Ticket
) -> None:
    """Text in NFC with plain line ends; HTML without scripts, or made from the text."""
    plain = mailroom.answer(agent, ticket.id, "Cafe\u0301\r\n<b>")
    rich = mailroom.answer(agent, ticket.id, "x", html="<b onclick=x>x</b><script>y</script>")

    assert (plain.text, plain.html) == ("Café\n<b>", "<p>Café<br>&lt;b&gt;</p>")
    assert rich.html == "<b>x</b>"


def test_observers_and_customers_say_nothing(
    mailroom: Mailroom, agent: Actor, ticket: Ticket
) -> None:
    """They are told so; nothing changes."""
    observer = mailroom.agent(Role.OBSERVER)
    ours = mailroom.answer(agent, ticket.id)
    before = mailroom.ticket(ticket.id).version

    with pytest.raises(NotAllowed):
        mailroom.answer(observer, ticket.id)
    with pytest.raises(NotAllowed):
        note(mailroom, observer, ticket.id)
    with pytest.raises(NotAllowed):
        begin(mailroom, observer, ticket.account_id)
    with pytest.raises(NotAllowed):
        undo(mailroom, observer, ours.id)

    assert mailroom.ticket(ticket.id).version == before


def test_a_begun_conversation_has_everybody_it_was_sent_to(
    mailroom: Mailroom, agent: Actor, account: int
) -> None:
    """The first is the requester; the others are in copy, since an agent chose them."""
    ticket = begin(
        mailroom, agent, account, to=(ANN, BOB), cc=(Address("", "c@customer.test"), ANN)
    )

    assert ticket.assignee_id == agent.person_id
    assert mailroom.standing(ticket.id, "ann@customer.test") == "requester"
    assert mailroom.standing(ticket.id, "bob@customer.test") == "copied"
    assert mailroom.standing(ticket.id, "c@customer.test") == "copied"
    kinds = [event.kind for event in mailroom.events(ticket_id=ticket.id)]
    assert kinds == ["ticket_created", "message_queued"]
    first = mailroom.answer(agent, ticket.id).references
    answer = mail("Yes", in_reply_to=first[0])
    assert mailroom.message(mailroom.arrive(account, answer)[0]).ticket_id == ticket.id


@pytest.mark.parametrize("wrong", [{"to": ()}, {"account_id": 4711}, {"text": " "}])
def test_a_conversation_needs_an_account_somebody_and_words(
    mailroom: Mailroom, agent: Actor, account: int, wrong: dict[str, object]
) -> None:
    """Otherwise no ticket comes to be."""
    with pytest.raises(Refused):
        begin(mailroom, agent, account, **wrong)

    assert total(mailroom, Ticket) == 0


def test_an_undone_reply_comes_back_whole(slow: Mailroom, agent: Actor, ticket: Ticket) -> None:
    """As a draft with its recipients, its form and its files; the ticket looks as before."""
    files = (
        Upload(name="a.txt", content_type="text/plain", content=b"a"),
        Upload(name="b.txt", content_type="", content=b"b"),
    )
    before = slow.ticket(ticket.id)
    sent = slow.answer(
        agent, ticket.id, "Bold", html="<b>Bold</b>", to=(ANN,), cc=(BOB,), bcc=(BOB,), files=files
    )
    assert slow.ticket(ticket.id).has_attachments

    draft = undo(slow, agent, sent.id)

    assert (draft.text, draft.html) == ("Bold", "<b>Bold</b>")
    assert (draft.to, draft.cc, draft.bcc) == ((ANN,), (BOB,), (BOB,))
    assert [(f.name, f.content) for f in draft.files] == [("a.txt", b"a"), ("b.txt", b"b")]
    after = slow.ticket(ticket.id)
    for name in ("snippet", "message_count", "has_attachments", "place", "status"):
        assert getattr(after, name) == getattr(before, name), name
    with slow.site.db.read() as session:
        shown = timeline(session, after)
    assert [item.id for item in shown if isinstance(item, TimelineMessage)] == [1]
    assert undo(slow, agent, slow.answer(agent, ticket.id, "Plain").id).html == ""


def test_an_undone_reply_was_never_said(slow: Mailroom, agent: Actor, ticket: Ticket) -> None:
    """Later replies do not name it, nothing is sent, and its form can be sent again."""
    undone = slow.answer(agent, ticket.id, client_key="again")
    undo(slow, agent, undone.id)

    again = slow.answer(agent, ticket.id, client_key="again")
    slow.clock.move(seconds=11)

    assert again.id != undone.id
    assert again.references == ["first@customer.test"]
    assert delivery.run(slow.site) == 1


def test_undo_has_an_end(slow: Mailroom, agent: Actor, ticket: Ticket) -> None:
    """Once the reply has left, or was taken back, nobody can take it back."""
    undone, sent = slow.answer(agent, ticket.id), slow.answer(agent, ticket.id)
    undo(slow, agent, undone.id)
    slow.clock.move(seconds=11)
    delivery.run(slow.site)

    for message_id in (undone.id, sent.id):
        with pytest.raises(Refused, match="too late"):
            undo(slow, agent, message_id)
    for message_id in (1, 4711):
        with pytest.raises(NotFound):
            undo(slow, agent, message_id)


def test_an_undone_first_message_leaves_no_ticket_in_the_inbox(
    slow: Mailroom, agent: Actor, account: int
) -> None:
    """It goes to the trash, and plugins are told what happened."""
    ticket = begin(slow, agent, account)

    undo(slow, agent, 1)

    assert slow.ticket(ticket.id).place == "trash"
    events = [(event.kind, event.data) for event in slow.events(ticket_id=ticket.id)]
    assert ("ticket_changed", {"changes": {"place": ["inbox", "trash"]}}) in events
    assert events[-1][0] == "message_cancelled"


NAMES = [
    ("../../etc/passwd", "passwd"),
    ("C:\\temp\\a.exe", "a.exe"),
    ("a\x00b\u202egnp.exe", "abgnp.exe"),
    ("\u200b.htaccess", "htaccess"),
    ("a\r\nb.txt", "ab.txt"),
    ("..", "attachment"),
    ("", "attachment"),
    ("e\u0301.txt", "é.txt"),
]


@pytest.mark.parametrize(("name", "stored"), NAMES)
def test_names_of_files_are_for_people_only(
    mailroom: Mailroom, agent: Actor, ticket: Ticket, name: str, stored: str
) -> None:
    """No folders, nothing invisible (case S20); the bytes are kept under their hash."""
    upload = Upload(name=name, content_type="text/plain\r\nX: y", content=b"bytes")

    mailroom.answer(agent, ticket.id, files=(upload,))
    note(mailroom, agent, ticket.id, files=(upload,))

    with mailroom.site.db.read() as session:
        rows = session.scalars(select(StoredAttachment)).all()
    assert [row.name for row in rows] == [stored] * 2
    for row in rows:
        assert mailroom.site.blobs.get(row.blob_hash) == b"bytes"
        assert row.content_type == "application/octet-stream"


@given(st.text(max_size=400))
def test_every_name_becomes_a_plain_one(name: str) -> None:
    """Short, on one line, without folders, and the same when cleaned again."""
    clean = clean_file_name(name)

    assert 0 < len(clean) <= 200
    assert not set(clean) & set("/\\\r\n\x00")
    assert not clean.startswith(".")
    assert clean_file_name(clean) == clean


def test_a_clock_set_back_does_not_turn_a_conversation_around(
    mailroom: Mailroom, agent: Actor, ticket: Ticket
) -> None:
    """What is said later stands later, by a day that never was (case C20)."""
    mailroom.clock.move(days=-1)

    mailroom.answer(agent, ticket.id)
    mailroom.arrive(ticket.account_id, mail("And?", in_reply_to="first@customer.test"))
    delivery.run(mailroom.site)

    moments = [event.at for event in mailroom.events(ticket_id=ticket.id)]
    assert moments == sorted(moments)
    with mailroom.site.db.read() as session:
        shown = timeline(session, mailroom.ticket(ticket.id))
    said = [item.incoming for item in shown if isinstance(item, TimelineMessage)]
    assert said == [True, False, True]


def test_a_failing_reply_leaves_nothing(mailroom: Mailroom, agent: Actor, ticket: Ticket) -> None:
    """One transaction: a ticket that cannot be found keeps no message."""
    with pytest.raises(PlugdeskError):
        mailroom.answer(agent, 4711)

    assert total(mailroom, Message) == 1
