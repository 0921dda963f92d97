"""One bad plugin in every hook of the contract loses no ticket and takes nothing down."""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any

import pytest
from plugdesk import hookspecs
from plugdesk.contract.addresses import Address
from plugdesk.contract.events import Event
from plugdesk.contract.messages import Attachment, IncomingMessage, OutgoingMessage
from plugdesk.contract.tickets import SYSTEM, Change
from plugdesk.plugins import operations
from plugdesk.plugins.loading import hooks_of_kind
from plugdesk.plugins.states import State
from plugdesk.site import Site
from plugdesk.testing.plugins import add_ticket, state_of, subjects
from plugdesk.tickets.access import get_ticket
from plugdesk.tickets.infos import ticket_info
from plugdesk.tickets.models import Ticket
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from plugdesk.testing.plugins import Sites

BEHAVIOURS = {
    "raises": "raise RuntimeError('I am broken')",
    "exits": "raise SystemExit(1)",
    "breaks the session": "break_session()",
    "rolls back": "desk.session.rollback()",
    "answers nonsense": "return object()",
    "is slow": "import time; time.sleep(0.3)",
}
BREAKING = """
def break_session():
    from plugdesk.tickets.models import Ticket
    from sqlalchemy import delete, insert
    desk.session.execute(delete(Ticket))
    desk.session.execute(insert(Ticket).values(id=1))
"""
DURING_WORK = {kind: hooks_of_kind(kind) for kind in ("ask", "first", "chain", "event", "own")}
EVERY = [(kind, hook) for kind, hooks in DURING_WORK.items() for hook in hooks]

ANN = Address("Ann", "ann@example.com")
INCOMING = IncomingMessage(sender=ANN, subject="Refund")
OUTGOING = OutgoingMessage(
    message_id="1@desk", sender=ANN, to=(ANN,), subject="Re", text="Yes", html="<p>Yes"
)


def bad_plugin(hook: str, behaviour: str) -> str:
    """Return a plugin that misbehaves in one hook."""
    return f"{BREAKING}\n@hookimpl\ndef {hook}(): {BEHAVIOURS[behaviour]}\n"


def call(site: Site, session: Session, kind: str, hook: str, ticket_id: int) -> Any:
    """Call a hook as the desk does, in the middle of its work."""
    ticket = ticket_info(session, get_ticket(session, SYSTEM, ticket_id))
    event = Event(
        id=1, position=1, kind=hook, at=site.clock.now(), actor=SYSTEM, ticket_id=ticket_id
    )
    values: dict[str, Any] = {
        "account_id": ticket.account_id,
        "actor": SYSTEM,
        "agent": SYSTEM,
        "attachment": Attachment(name="a", content_type="text/plain", content=b""),
        "change": Change(),
        "event": event,
        "message": OUTGOING if hook == "message_outgoing" else INCOMING,
        "ticket": ticket,
    }
    if kind == "chain":
        message = values.pop("message")
        return site.hooks.chain(hook, "message", message, session=session, **values)
    if kind == "first":
        return site.hooks.first(hook, session=session, **values)
    return site.hooks.ask(hook, session=session, **values)


def test_every_hook_has_a_kind() -> None:
    """Each specification begins with the kind by which it is called; none is left out here."""
    known = {hook for hooks in DURING_WORK.values() for hook in hooks} | set(
        hooks_of_kind("collect")
    )
    specifications = {
        name
        for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
        if hasattr(function, "plugdesk_spec")
    }
    assert known == specifications


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("hook", hooks_of_kind("collect"))
def test_a_bad_answer_at_start_holds_the_plugin(sites: Sites, hook: str, behaviour: str) -> None:
    """The site opens, and the plugin is held with its traceback; a slow one is just slow."""
    sites.shelf.put("bad", bad_plugin(hook, behaviour))
    state = state_of(sites.open(), "bad")
    if behaviour == "is slow":
        assert state.state is State.OFF
        return
    assert state.state is State.HELD
    assert "Traceback" in state.reason


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_bad_plugin_during_work_loses_no_ticket(
    both: Sites, behaviour: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In every hook of every kind: the work around it is committed, the plugin is named.

    What fails five times is held with its traceback, and the hook of its neighbour is asked.
    """
    hooks = [(kind, hook) for kind, hook in EVERY if kind not in ("event", "own")]
    for number, (_kind, hook) in enumerate(hooks):
        both.shelf.put(f"bad_{number}", bad_plugin(hook, behaviour))
    site = both.with_plugins(*(f"bad_{number}" for number in range(len(hooks))))
    ticket_id = add_ticket(site)
    times = 1 if behaviour == "is slow" else 5
    with caplog.at_level(logging.WARNING, "plugdesk.hooks"), site.db.write() as session:
        for round_ in range(times):
            for kind, hook in hooks:
                before = INCOMING if hook == "message_incoming" else OUTGOING
                answer = call(site, session, kind, hook, ticket_id)
                assert answer in ([], None, before)
            session.add(_copy(session, ticket_id, f"round {round_}"))
    assert len(subjects(site)) == times + 1
    assert subjects(site)[0] == "Refund"
    for number, (_kind, hook) in enumerate(hooks):
        name = f"bad_{number}"
        assert f"plugin {name} " in caplog.text
        if behaviour == "is slow":
            assert state_of(site, name).healthy
            continue
        (hold,) = state_of(site, name).held_hooks
        assert hold.hook == hook
        assert "Traceback" in hold.error


def _copy(session: Session, ticket_id: int, subject: str) -> Ticket:
    ticket = session.get_one(Ticket, ticket_id)
    return Ticket(
        account_id=ticket.account_id,
        subject=subject,
        created_at=ticket.created_at,
        activity_at=ticket.activity_at,
    )


@pytest.mark.parametrize("behaviour", ["raises", "exits", "breaks the session", "rolls back"])
@pytest.mark.parametrize("hook", hooks_of_kind("event"))
def test_a_bad_subscriber_hurts_only_its_own_delivery(
    sites: Sites, hook: str, behaviour: str
) -> None:
    """Delivery learns of the failure; what it has written in the transaction stays."""
    sites.shelf.put("bad", bad_plugin(hook, behaviour))
    site = sites.with_plugins("bad")
    ticket_id = add_ticket(site)
    event = Event(id=1, position=1, kind=hook, at=site.clock.now(), actor=SYSTEM)
    with site.db.write() as session:
        session.add(_copy(session, ticket_id, "kept"))
        session.flush()
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the plugin raises
            site.hooks.deliver("bad", event, session)
    assert subjects(site) == ["Refund", "kept"]


@pytest.mark.parametrize("behaviour", ["raises", "exits", "breaks the session", "rolls back"])
def test_a_plugin_that_cannot_be_told_can_be_switched_off(both: Sites, behaviour: str) -> None:
    """`plugin_disabled` is news, not a question."""
    both.shelf.put("bad", bad_plugin("plugin_disabled", behaviour))
    site = both.with_plugins("bad")
    add_ticket(site)
    operations.disable(site, "bad")
    assert state_of(site, "bad").state is State.OFF
    assert subjects(site) == ["Refund"]
