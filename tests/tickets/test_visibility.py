"""Objects are reached only through `visible_to`: every role, every query, every operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from mailroom import Mailroom
from plugdesk.contract.tickets import SYSTEM, Actor, ActorKind, Change, Role, Status
from plugdesk.errors import NotAllowed, NotFound, Refused
from plugdesk.outbox.models import OutboxEntry
from plugdesk.site import Site
from plugdesk.tickets import operations
from plugdesk.tickets.access import get_ticket
from plugdesk.tickets.drafts import NoteDraft, ReplyDraft, Upload
from plugdesk.tickets.queries import Folder, folder_counts, inbox_page, previous_tickets
from plugdesk.tickets.receipts import attachment, get_message, receipt
from sqlalchemy.orm import Session

FILE = Upload(name="a.txt", content_type="text/plain", content=b"a")


@dataclass
class Scene:
    """A ticket with a reply, a note and their files, in one of several positions."""

    room: Mailroom
    ticket_id: int
    reply_id: int
    other_id: int
    person_id: int
    actors: dict[str, Actor]


@pytest.fixture
def scene(mailroom: Mailroom) -> Scene:
    """A ticket in a private team, assigned to somebody who is not in it."""
    roles = {role.value: mailroom.agent(role) for role in Role}
    member, assignee = mailroom.agent(), mailroom.agent()
    watching_member = mailroom.agent(Role.OBSERVER)
    private = mailroom.team("Payroll", member, watching_member, private=True)
    mailroom.team("Other", roles["agent"], private=True)
    account = mailroom.account(team_id=private)
    ticket = mailroom.ticket_from(account, headers=["Cc: Bob <bob@customer.test>"])
    reply = mailroom.answer(SYSTEM, ticket.id, files=(FILE,))
    with mailroom.site.db.write() as session:
        draft = NoteDraft(text="Secret", files=(FILE,))
        operations.add_note(mailroom.site, session, SYSTEM, ticket.id, draft)
    mailroom.set(ticket.id, assignee_id=assignee.person_id)
    other = mailroom.ticket_from(account)
    mailroom.set(other.id, team_id=None)

    def customer(address: str) -> Actor:
        return Actor(kind=ActorKind.CUSTOMER, person_id=mailroom.person(address))

    actors = roles | {
        "member": member,
        "assignee": assignee,
        "watching member": watching_member,
        "plugin": Actor(kind=ActorKind.PLUGIN, plugin="sms"),
        "system": SYSTEM,
        "requester": customer("ann@customer.test"),
        "suggested": customer("bob@customer.test"),
        "unknown": Actor(kind=ActorKind.CUSTOMER),
    }
    person = mailroom.person("bob@customer.test")
    return Scene(mailroom, ticket.id, reply.id, other.id, person, actors)


SEE = {
    "owner", "lead", "member", "assignee", "watching member", "plugin", "system", "requester"
}  # fmt: skip
WRITE = {"owner", "lead", "member", "assignee", "plugin", "system"}
EVERYBODY = [
    *("owner", "lead", "agent", "observer", "member", "assignee", "watching member", "plugin"),
    *("system", "requester", "suggested", "unknown"),
]

Reading = Callable[[Session, Actor, Scene], object]
READINGS: dict[str, Reading] = {
    "ticket": lambda session, actor, scene: get_ticket(session, actor, scene.ticket_id),
    "message": lambda session, actor, scene: get_message(session, actor, scene.reply_id),
    "receipt": lambda session, actor, scene: receipt(session, actor, scene.reply_id),
    "file": lambda session, actor, scene: attachment(session, actor, 1),
}

Writing = Callable[[Site, Session, Actor, Scene], object]
WRITINGS: dict[str, Writing] = {
    "change": lambda site, session, actor, scene: operations.change(
        site, session, actor, scene.ticket_id, Change(status=Status.CLOSED)
    ),
    "reply": lambda site, session, actor, scene: operations.reply(
        site, session, actor, scene.ticket_id, ReplyDraft(text="x")
    ),
    "note": lambda site, session, actor, scene: operations.add_note(
        site, session, actor, scene.ticket_id, NoteDraft(text="x")
    ),
    "move away": lambda site, session, actor, scene: operations.move_message(
        site, session, actor, scene.reply_id, scene.other_id
    ),
    "split": lambda site, session, actor, scene: operations.move_message(
        site, session, actor, scene.reply_id, None
    ),
    "confirm": lambda site, session, actor, scene: operations.confirm_person(
        site, session, actor, scene.ticket_id, scene.person_id
    ),
    "undo": lambda site, session, actor, scene: operations.undo_reply(
        site, session, actor, scene.reply_id
    ),
}


@pytest.mark.parametrize("who", EVERYBODY)
def test_reading(scene: Scene, who: str) -> None:
    """Those who may see a ticket see all of it; to others it is not there, nor in any count."""
    actor = scene.actors[who]
    with scene.room.site.db.read() as session:
        for reading in READINGS.values():
            if who in SEE:
                reading(session, actor, scene)
            else:
                with pytest.raises(NotFound):
                    reading(session, actor, scene)
        listed = {row.id for row in inbox_page(session, actor, Folder.OPEN).rows}
        counted = folder_counts(session, actor)[Folder.OPEN]
        assert (scene.ticket_id in listed) == (who in SEE)
        assert counted == len(listed)
        other = session.get_one(type(scene.room.ticket(1)), scene.other_id)
        beside = [ticket.id for ticket in previous_tickets(session, actor, other)]
        assert beside == ([scene.ticket_id] if who in SEE else [])


def test_files_of_notes_never_leave_the_desk(scene: Scene) -> None:
    """A customer reaches the files of messages, not those of notes."""
    with scene.room.site.db.read() as session:
        assert attachment(session, scene.actors["member"], 2).note_id is not None
        with pytest.raises(NotFound):
            attachment(session, scene.actors["requester"], 2)


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("what", WRITINGS)
def test_writing(scene: Scene, who: str, what: str) -> None:
    """To whom a ticket is invisible it is not there; who may only look is told so."""
    actor, site = scene.actors[who], scene.room.site
    site.config = site.config.model_copy(update={"undo_seconds": 10.0})

    def write() -> None:
        with site.db.write() as session:
            WRITINGS[what](site, session, actor, scene)

    if who in WRITE:
        write()
        return
    version = scene.room.ticket(scene.ticket_id).version
    with pytest.raises(NotAllowed if who in SEE else NotFound):
        write()
    assert scene.room.ticket(scene.ticket_id).version == version


@pytest.mark.parametrize("state", ["failed", "unknown"])
@pytest.mark.parametrize("who", EVERYBODY)
def test_settling(scene: Scene, who: str, state: str) -> None:
    """Decisions about replies in doubt are writing, too."""

    site, actor = scene.room.site, scene.actors[who]

    def decide(operation: Callable[..., Any], **more: Any) -> None:
        with site.db.write() as session:
            session.query(OutboxEntry).update({"state": state})
        with site.db.write() as session:
            operation(site, session, actor, scene.reply_id, **more)

    operations_here: list[tuple[Callable[..., Any], dict[str, Any]]] = [(operations.send_again, {})]
    if state == "unknown":
        operations_here.append((operations.resolve_unknown, {"sent": True}))
    for operation, more in operations_here:
        if who in WRITE:
            decide(operation, **more)
        else:
            with pytest.raises(NotAllowed if who in SEE else NotFound):
                decide(operation, **more)


def test_moving_into_the_unseen_is_refused(scene: Scene) -> None:
    """An agent cannot move a message to a ticket that they may not see, nor learn that it is."""
    agent = scene.actors["agent"]
    message = scene.room.answer(SYSTEM, scene.other_id)

    for target in (scene.ticket_id, 4711):
        with pytest.raises(NotFound) as caught, scene.room.site.db.write() as session:
            operations.move_message(scene.room.site, session, agent, message.id, target)
        assert str(caught.value) == "There is no such ticket, or you may not see it."


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**62, 2**63, 2**70])
def test_a_number_that_no_id_can_be_is_not_found(scene: Scene, number: int) -> None:
    """In an address or a form it is like any other ticket that is not there."""
    room, actor = scene.room, scene.actors["member"]
    impossible = Scene(room, number, number, number, number, {})
    with room.site.db.read() as session:
        for name in ("ticket", "message", "receipt"):
            with pytest.raises(NotFound):
                READINGS[name](session, actor, impossible)
        with pytest.raises(NotFound):
            attachment(session, actor, number)
    for writing in WRITINGS.values():
        with pytest.raises(NotFound), room.site.db.write() as session:
            writing(room.site, session, actor, impossible)
    with pytest.raises(NotFound), room.site.db.write() as session:
        operations.send_again(room.site, session, actor, number)
    for change in (Change(assignee_id=number), Change(team_id=number)):
        with pytest.raises(Refused), room.site.db.write() as session:
            operations.change(room.site, session, actor, scene.ticket_id, change)
    with pytest.raises(NotFound), room.site.db.write() as session:
        operations.confirm_person(room.site, session, actor, scene.ticket_id, number)
