"""However sending is killed, a reply leaves at most once, and what nobody knows says so."""

from datetime import datetime, timedelta

import pytest
from plugdesk.clock import Clock, SystemClock
from plugdesk.contract.addresses import Address
from plugdesk.contract.tickets import SYSTEM
from plugdesk.outbox import delivery, settle
from plugdesk.outbox.models import OutboxEntry
from plugdesk.site import Site
from plugdesk.testing.crash import CrashLab, DoomedDesk
from plugdesk.testing.servers.smtp_script import (
    CUT_AFTER_DOT,
    CUT_BEFORE_DOT,
    GREYLIST,
    LOST_AFTER_DOT,
    REFUSE,
    Behaviour,
)
from plugdesk.tickets.drafts import NewTicket
from plugdesk.tickets.models import Message
from plugdesk.tickets.operations import new_ticket, send_again
from sqlalchemy import select

CUSTOMER = "ann@x.test"


def write(desk: DoomedDesk, clock: Clock | None = None) -> None:
    """Queue one message to a customer."""
    with Site(desk.config, clock=clock) as site, site.db.write() as session:
        to = (Address("Ann", CUSTOMER),)
        new = NewTicket(account_id=desk.account, to=to, subject="Offer", text="Hello 안녕")
        new_ticket(site, session, SYSTEM, new)


class LaterClock(SystemClock):
    """A clock some time ahead, so that leases and waits are over."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        """Return the present moment, moved ahead."""
        return super().now() + self.ahead


def deliver_later(desk: DoomedDesk, **ahead: float) -> None:
    """Send what is due, as if some time had passed."""
    with Site(desk.config, clock=LaterClock(timedelta(**ahead))) as site:
        delivery.run(site)


def accepted(desk: DoomedDesk, since: int) -> int:
    """How many messages the server has taken since it had taken `since`."""
    return len(desk.smtp.received) - since


def test_killed_at_every_step(desk: DoomedDesk, crash_lab: CrashLab) -> None:
    """kill -9 at each step: at most one copy leaves, a lost outcome is `unknown` (C15)."""
    write(desk)
    whole = crash_lab.run(desk, "deliver")
    assert whole.error == ""
    assert desk.outbox() == ["accepted"]
    outcomes = set()

    for step in range(1, whole.steps + 1):
        doomed = desk.again()
        write(doomed)
        before = len(doomed.smtp.received)
        assert crash_lab.run(doomed, "deliver", die_at=step).killed
        assert crash_lab.run(doomed, "deliver").error == ""
        deliver_later(doomed, hours=1)

        (state,) = doomed.outbox()
        copies = accepted(doomed, before)
        outcomes.add((state, copies))
        assert copies <= 1, f"two copies left after a kill at step {step}"
        assert state in ("accepted", "unknown"), f"killed at step {step}"
        assert state == "unknown" or copies == 1, f"killed at step {step}"

    assert {("accepted", 1), ("unknown", 0), ("unknown", 1)} <= outcomes


@pytest.mark.parametrize("behaviour", [CUT_AFTER_DOT, LOST_AFTER_DOT], ids=["kept", "lost"])
def test_cut_after_the_final_dot(desk: DoomedDesk, behaviour: Behaviour) -> None:
    """A server that falls silent after the final dot leaves `unknown`; nothing is repeated."""
    desk.smtp.script(behaviour)
    write(desk)
    before = len(desk.smtp.received)

    for hours in (0, 1, 24, 24 * 7):
        deliver_later(desk, hours=hours)

    assert desk.outbox() == ["unknown"]
    assert desk.smtp.transactions == 1
    assert accepted(desk, before) <= 1


def test_greylisting_sends_once_later(desk: DoomedDesk) -> None:
    """A 451 is waited out, and then the message leaves once (C16)."""
    desk.smtp.script(GREYLIST)
    write(desk)

    deliver_later(desk)
    assert desk.outbox() == ["deferred"]
    deliver_later(desk, seconds=5)
    assert desk.smtp.transactions == 1, "it tried again without waiting"
    deliver_later(desk, minutes=10)
    deliver_later(desk, minutes=20)

    assert desk.outbox() == ["accepted"]
    assert len(desk.smtp.received) == 1


def test_a_cut_before_the_final_dot_is_tried_again(desk: DoomedDesk) -> None:
    """Nothing was taken yet, so it leaves later, once."""
    desk.smtp.script(CUT_BEFORE_DOT)
    write(desk)

    deliver_later(desk)
    assert desk.outbox() == ["deferred"]
    deliver_later(desk, minutes=10)

    assert desk.outbox() == ["accepted"]
    assert len(desk.smtp.received) == 1


def test_a_refusal_is_shown_and_not_repeated(desk: DoomedDesk) -> None:
    """A 550 fails with the server's own words; only an agent's word sends it again (C16)."""
    desk.smtp.script(REFUSE)
    write(desk)

    for hours in (0, 1, 24):
        deliver_later(desk, hours=hours)

    assert desk.outbox() == ["failed"]
    assert desk.smtp.transactions == 1
    with Site(desk.config) as site:
        with site.db.read() as session:
            entry = session.scalars(select(OutboxEntry)).one()
            assert "5" in entry.detail
        with site.db.write() as session:
            send_again(site, session, SYSTEM, entry.message_id)
        delivery.run(site)
    assert desk.outbox() == ["accepted"]
    assert len(desk.smtp.received) == 1


def test_a_copy_in_sent_settles_unknown(desk: DoomedDesk) -> None:
    """A copy that the provider saved in its Sent folder proves that the message left."""
    desk.smtp.script(LOST_AFTER_DOT)
    write(desk)
    deliver_later(desk)
    assert desk.outbox() == ["unknown"]
    server, address = desk.mailbox.server, desk.mailbox.address

    with Site(desk.config) as site:
        settle.run(site)
        assert desk.outbox() == ["unknown"], "without evidence it stays unknown"
        with site.db.read() as session:
            header = session.scalars(select(Message.header_id)).one()
        server.deliver(address, f"Message-ID: <{header}>\r\n\r\nHello\r\n".encode(), "Sent")
        settle.run(site)

    assert desk.outbox() == ["accepted"]


def test_a_clock_set_wrong_neither_doubles_nor_stops(desk: DoomedDesk) -> None:
    """One day forward or back, a queued message leaves once (C20)."""
    for hours in (-24, 24):
        other = desk.again()
        before = len(other.smtp.received)
        write(other, clock=LaterClock(timedelta(hours=-hours)))

        deliver_later(other)
        deliver_later(other)

        assert other.outbox() == ["accepted"]
        assert accepted(other, before) == 1
