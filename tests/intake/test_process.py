"""From the journal to a message or to quarantine: one item's trouble is its own."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import pytest
from channels import Script, ScriptedChannel, connect
from mailroom import Mailroom
from plugdesk.contract.addresses import Address
from plugdesk.contract.messages import IncomingMessage, RawItem
from plugdesk.contract.tickets import Role
from plugdesk.errors import NotAllowed, ParseLimit
from plugdesk.intake import process, quarantine
from plugdesk.intake.journal import write_down
from plugdesk.intake.models import JournalEntry


def plain(raw: bytes, **more: object) -> IncomingMessage:
    """Return the message that an item is."""
    words = {"subject": raw.decode(), "text": raw.decode(), **more}
    return IncomingMessage(sender=Address("", "ann@customer.test"), **words)  # type: ignore[arg-type]


def explode(error: BaseException) -> IncomingMessage:
    """Fail."""
    raise error


POISON: dict[str, Callable[[bytes], object]] = {
    "raises": lambda raw: explode(ZeroDivisionError("x")),
    "refuses": lambda raw: explode(ParseLimit("Too many parts.")),
    "recursion": lambda raw: explode(RecursionError()),
    "memory": lambda raw: explode(MemoryError()),
    "words that are none": lambda raw: explode(ValueError("\ud800\x00")),
    "nothing": lambda raw: None,
    "wrong types": lambda raw: plain(raw, subject=object()),
    "a number for text": lambda raw: plain(raw, text=7),
    "a naive date": lambda raw: plain(raw, sent_at="2026"),
}


@pytest.mark.parametrize("kind", POISON)
def test_poison_first_of_several(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """It is quarantined with a reason, and all others arrive (case C14)."""

    def parse(raw: bytes) -> IncomingMessage:
        return POISON[kind](raw) if raw == b"poison" else plain(raw)  # type: ignore[return-value]

    monkeypatch.setattr(ScriptedChannel, "parser", Script(parse=parse))
    account = connect(room, "a@desk.test")

    arrived = room.arrive(account, b"poison", *[b"good %d" % n for n in range(30)])

    assert arrived[0] == 0
    assert all(arrived[1:])
    poisoned = room.journal()[0]
    assert poisoned.state == "quarantined"
    assert poisoned.reason


@pytest.mark.parametrize(
    "more",
    [
        {"text": "a\x00b"},
        {"subject": "\ud800"},
        {"hints": MappingProxyType({"a\x00": "\udfff"})},
        {"message_id": "\x00"},
        {"defects": ("\x00",)},
    ],
)
def test_no_character_keeps_a_message_out(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch, more: dict[str, object]
) -> None:
    """What a database or UTF-8 cannot hold is replaced, in every field."""
    monkeypatch.setattr(
        ScriptedChannel, "parser", Script(parse=lambda raw: plain(raw, **{"text": "x", **more}))
    )

    assert room.arrive(connect(room, "a@desk.test"), b"odd") != [0]


def test_a_lost_file_holds_up_nothing(room: Mailroom) -> None:
    """An item whose bytes are gone is in quarantine and says so; it can be tried again."""
    account, owner = connect(room, "a@desk.test"), room.agent(Role.OWNER)
    write_down(room.site, account, [RawItem(key=f"{n}", raw=b"%d" % n) for n in range(3)])
    with room.site.db.write() as session:
        first = session.get_one(JournalEntry, 1)
        kept, first.content_hash = first.content_hash, "0" * 64

    process.run(room.site)

    states = [entry.state for entry in room.journal()]
    assert states == ["quarantined", "visible", "visible"]
    assert "backup" in room.journal()[0].reason
    with room.site.db.write() as session:
        session.get_one(JournalEntry, 1).content_hash = kept
        assert quarantine.retry(session, owner, []) == 1
    process.run(room.site)
    assert [entry.state for entry in room.journal()] == ["visible"] * 3
    assert room.journal()[0].reason == ""


def test_quarantine_is_the_owners(room: Mailroom) -> None:
    """Raw mail may belong to any team; nobody else reads or retries it."""
    account = connect(room, "a@desk.test")
    write_down(room.site, account, [RawItem(key="1", raw=b"secret", problem="Half of it.")])

    with room.site.db.read() as session:
        assert [entry.reason for entry in quarantine.entries(session)] == ["Half of it."]
        assert quarantine.entries(session, before=1) == []
        assert quarantine.count(session) == 1
    for role in Role:
        actor = room.agent(role)
        with room.site.db.write() as session:
            if role is Role.OWNER:
                assert quarantine.raw(room.site, session, actor, 1) == b"secret"
                continue
            with pytest.raises(NotAllowed):
                quarantine.raw(room.site, session, actor, 1)
            with pytest.raises(NotAllowed):
                quarantine.retry(session, actor, [1])
