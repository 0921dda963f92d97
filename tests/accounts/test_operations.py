"""Connecting accounts, and how each fares alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from channels import Script, connect
from mailroom import Mailroom
from plugdesk.accounts import operations
from plugdesk.accounts.models import Account
from plugdesk.accounts.queries import AccountSummary, summaries
from plugdesk.contract.messages import RawItem
from plugdesk.contract.tickets import Actor, Role
from plugdesk.errors import (
    ChannelSignedOut,
    ChannelUnavailable,
    NotAllowed,
    NotFound,
    PluginError,
    Refused,
)
from plugdesk.intake import fetch, process
from plugdesk.settings.secrets import Keys
from sqlalchemy import text


def row(room: Mailroom, account: int) -> Account:
    """Return an account as it stands."""
    with room.site.db.read() as session:
        return session.get_one(Account, account)


def summary(room: Mailroom, account: int) -> AccountSummary:
    """Return what the owner's page shows of an account."""
    with room.site.db.read() as session:
        return next(found for found in summaries(session) if found.id == account)


def failing(error: BaseException, *before: RawItem) -> Callable[[str | None], Iterator[RawItem]]:
    """Return a way of fetching that breaks off after some items."""

    def items(_cursor: str | None) -> Iterator[RawItem]:
        yield from before
        raise error

    return items


def test_secrets_are_unreadable_in_the_database(room: Mailroom) -> None:
    """The row does not contain the password; the channel gets it all the same."""
    account = connect(room, "a@desk.test")

    with room.site.db.read() as session:
        stored = session.scalars(text("select cast(config as text) from account")).one()
    _account, channel = operations.open_account(room.site, account)

    assert "canary" not in stored
    assert "a@desk.test" in stored
    assert channel.config.password.get_secret_value() == "canary-77"


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "no address"},
        {"address": "a@b, c@d"},
        {"values": {"host": "h"}},
        {"values": {"host": "h", "password": "p", "role": "owner"}},
    ],
)
def test_an_account_needs_settings_that_fit(
    room: Mailroom, owner: Actor, wrong: dict[str, object]
) -> None:
    """Wrong, missing and unknown values are refused, and nothing is saved (case S30)."""
    values = {"name": "A", "address": "a@desk.test", "values": {"host": "h", "password": "p"}}
    with pytest.raises(Refused), room.site.db.write() as session:
        operations.create(room.site, session, owner, channel="scripted", **{**values, **wrong})  # type: ignore[arg-type]

    with room.site.db.read() as session:
        assert summaries(session) == []


def test_unknown_channels_and_accounts_are_said_so(room: Mailroom, owner: Actor) -> None:
    """A sentence, not a traceback."""
    with pytest.raises(PluginError), room.site.db.write() as session:
        operations.create(
            room.site, session, owner, channel="fax", name="", address="a@desk.test", values={}
        )
    for number in (4711, 2**40):
        with pytest.raises(NotFound), room.site.db.write() as session:
            operations.pause(room.site, session, owner, number)


def test_a_long_address_is_a_name_too(room: Mailroom) -> None:
    """Without a name the address serves, as far as it fits."""
    address = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.test"

    account = connect(room, address)

    assert row(room, account).address == address


@pytest.mark.parametrize("role", [Role.LEAD, Role.AGENT, Role.OBSERVER])
def test_accounts_are_the_owners(room: Mailroom, role: Role) -> None:
    """Nobody else connects, changes, pauses or resumes one."""
    account, actor = connect(room, "a@desk.test"), room.agent(role)
    values = {"host": "evil", "password": "x"}
    with room.site.db.write() as session:
        for call in (
            lambda: operations.create(
                room.site, session, actor, channel="scripted", name="", address="b@desk.test",
                values=values,
            ),
            lambda: operations.reconnect(room.site, session, actor, account, values),
            lambda: operations.pause(room.site, session, actor, account),
            lambda: operations.resume(room.site, session, actor, account),
        ):  # fmt: skip
            with pytest.raises(NotAllowed):
                call()

    assert row(room, account).state == "active"


def test_a_paused_account_rests(room: Mailroom, owner: Actor) -> None:
    """Until it is resumed; all of it is recorded."""
    asked: list[str | None] = []

    def items(cursor: str | None) -> Iterator[RawItem]:
        asked.append(cursor)
        yield from ()

    account = connect(room, "a@desk.test", Script(items=items))

    with room.site.db.write() as session:
        operations.pause(room.site, session, owner, account)
    fetch.run(room.site, account)
    assert (row(room, account).state, asked) == ("paused", [])
    with room.site.db.write() as session:
        operations.resume(room.site, session, owner, account)
    fetch.run(room.site, account)

    assert asked == [None]
    kinds = [event.kind for event in room.events()]
    assert kinds == ["account_added", "account_paused", "account_resumed"]


def test_trouble_is_waited_out_longer_each_time(room: Mailroom) -> None:
    """Doubled up to a quarter of an hour, told in the channel's words, forgotten on success."""
    script = Script(items=failing(ChannelUnavailable("The server is busy.")))
    account = connect(room, "a@desk.test", script)
    waits = []
    for _ in range(10):
        fetch.run(room.site, account)
        at = row(room, account).retry_at
        assert at is not None
        waits.append((at - room.clock.now()).total_seconds())
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900, 900, 900]
    assert summary(room, account).error == "The server is busy."

    script.items = lambda _cursor: iter(())
    fetch.run(room.site, account)

    healthy = row(room, account)
    assert (healthy.error, healthy.failures, healthy.retry_at) == ("", 0, None)
    assert healthy.succeeded_at == room.clock.now()


@pytest.mark.parametrize(
    "error", [OSError("reset"), KeyError("bug"), AssertionError(), ChannelUnavailable("x")]
)
def test_whatever_a_channel_raises_is_the_accounts_trouble(
    room: Mailroom, error: Exception
) -> None:
    """The owner reads of it, it is tried again, and what came before the error is kept."""
    before = [RawItem(key=f"{n}", raw=b"%d" % n, cursor=f"c{n}") for n in range(3)]
    account = connect(room, "a@desk.test", Script(items=failing(error, *before)))

    assert fetch.run(room.site, account) == 3

    broken = row(room, account)
    assert (broken.state, broken.failures, broken.cursor) == ("active", 1, "c2")
    assert broken.error
    assert broken.remaining is None
    assert broken.retry_at == room.clock.now() + timedelta(seconds=15)


def test_a_sign_out_stops_one_account(room: Mailroom, owner: Actor) -> None:
    """The others go on; new settings start it again, and an empty password stays as it was."""
    script = Script(items=failing(ChannelSignedOut("The password is wrong.")))
    bad, good = (
        connect(room, "a@desk.test", script),
        connect(
            room, "b@desk.test", Script(items=lambda _: iter([RawItem(key="1", raw=b"hello")]))
        ),
    )

    for account in (bad, good, bad):
        fetch.run(room.site, account)
    process.run(room.site)

    assert row(room, bad).failures == 1  # it was not asked again
    assert (summary(room, bad).state, summary(room, good).state) == ("signed_out", "active")
    assert summary(room, good).new == 1
    with room.site.db.write() as session:
        values = {"host": "a@desk.test", "password": ""}
        operations.reconnect(room.site, session, owner, bad, values)
    again = row(room, bad)
    assert (again.state, again.error, again.failures) == ("active", "", 0)
    _account, channel = operations.open_account(room.site, bad)
    assert channel.config.password.get_secret_value() == "canary-77"


def test_a_password_that_cannot_be_read_can_be_entered_again(room: Mailroom, owner: Actor) -> None:
    """After the secret key was lost, new settings work; an empty password does not."""
    account = connect(room, "a@desk.test")
    room.site.keys = Keys(b"another key that is long enough!!")

    with pytest.raises(Refused), room.site.db.write() as session:
        operations.reconnect(room.site, session, owner, account, {"host": "h", "password": ""})
    with room.site.db.write() as session:
        operations.reconnect(room.site, session, owner, account, {"host": "h", "password": "new"})

    _account, channel = operations.open_account(room.site, account)
    assert channel.config.password.get_secret_value() == "new"


def test_a_summary_counts_each_item_once(room: Mailroom) -> None:
    """New, known, in quarantine, waiting."""
    account = connect(room, "a@desk.test")
    room.arrive(account, b"one", b"one", b"two")
    items = [RawItem(key="q", raw=b"half", problem="Half."), RawItem(key="w", raw=b"waits")]
    script_account = connect(room, "b@desk.test", Script(items=lambda _: iter(items)))
    fetch.run(room.site, script_account)

    first, second = summary(room, account), summary(room, script_account)

    assert (first.new, first.known, first.quarantined, first.waiting) == (2, 1, 0, 0)
    assert (second.new, second.known, second.quarantined, second.waiting) == (0, 0, 1, 1)
