"""The sample shop: loaded on both databases, marked, and taken out without a trace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from plugdesk.accounts.models import Account
from plugdesk.cli.init import make_site
from plugdesk.cli.root import plugdesk
from plugdesk.clock import FrozenClock
from plugdesk.config import load_config
from plugdesk.contract.tickets import SYSTEM, Role
from plugdesk.db import Base
from plugdesk.demo.channel import DemoChannel
from plugdesk.demo.loading import SAMPLE_TAG, load
from plugdesk.demo.removing import is_loaded, remove
from plugdesk.demo.script import read_shop, read_stories
from plugdesk.errors import Refused
from plugdesk.events.models import EventRow
from plugdesk.intake.models import JournalEntry
from plugdesk.outbox import delivery
from plugdesk.outbox.models import OutboxEntry
from plugdesk.people.models import Agent
from plugdesk.people.operations import add_agent, agent_actor, find, has_owner, verify_password
from plugdesk.site import Site
from plugdesk.tickets import operations as tickets
from plugdesk.tickets.drafts import NoteDraft, ReplyDraft
from plugdesk.tickets.models import Message, Tag, Ticket, TicketTag
from sqlalchemy import func, select
from sqlalchemy.orm import Session

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A new site, at a fixed moment."""
    make_site(tmp_path / "shop", database=database_url, language="en")
    with Site(load_config(tmp_path / "shop"), clock=FrozenClock(NOW), distributions=[]) as opened:
        yield opened


@pytest.fixture
def sqlite_site(tmp_path: Path) -> Iterator[Site]:
    """A new site on SQLite, for what does not depend on the database."""
    make_site(tmp_path / "shop", language="en")
    with Site(load_config(tmp_path / "shop"), clock=FrozenClock(NOW), distributions=[]) as opened:
        yield opened


def rows(session: Session) -> dict[str, int]:
    """Count the rows of every table."""
    return {
        name: session.scalars(select(func.count()).select_from(table)).one()
        for name, table in Base.metadata.tables.items()
    }


def test_loads_and_leaves_no_trace(site: Site) -> None:
    """Every story becomes one ticket as it is told; removal brings every table back to before."""
    with site.db.read() as session:
        before = rows(session)
        assert not is_loaded(session)
    told: list[tuple[int, int]] = []
    load(site, password=PASSWORD, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(told), len(told))
    with site.db.read() as session:
        check_tickets(session)
        check_delivery(session)
        agent = verify_password(session, "tom@dami-goods.example", PASSWORD)
        assert agent is not None
    with pytest.raises(Refused, match="already"):
        load(site)
    assert remove(site) == len(read_stories())
    with site.db.read() as session:
        after = rows(session)
    left = {name for name in after if after[name] != before[name]}
    assert left <= {"event", "counter"}  # accounts that came and went stay in the log
    load(site, password=PASSWORD)


def check_tickets(session: Session) -> None:
    stories = {story.subject: story for story in read_stories()}
    found = {ticket.subject: ticket for ticket in session.scalars(select(Ticket))}
    assert found.keys() == stories.keys()
    for subject, story in stories.items():
        ticket = found[subject]
        expected = "spam" if story.spam else story.place.value
        assert (ticket.status, ticket.place) == (story.status.value, expected), subject
        assert ticket.message_count == sum(not step.note for step in story.say)
        assert NOW - timedelta(days=30) < ticket.created_at <= ticket.activity_at <= NOW
        assert (ticket.assignee_id is None) == (not story.assignee)
    marked = session.scalars(
        select(func.count()).select_from(TicketTag).join(Tag).where(Tag.name == SAMPLE_TAG)
    ).one()
    assert marked == len(stories)
    assert {ticket.priority for ticket in found.values()} == {"low", "normal", "high", "urgent"}
    assert {ticket.status for ticket in found.values()} == {"open", "pending", "resolved", "closed"}


def check_delivery(session: Session) -> None:
    """Replies have left, threads hold together, and nothing waits for a worker."""
    states = set(session.scalars(select(OutboxEntry.state)))
    assert states == {"accepted", "failed", "unknown"}
    assert set(session.scalars(select(JournalEntry.state))) == {"visible"}
    rules = set(session.scalars(select(Message.thread_rule)))
    assert rules == {"new_ticket", "reply_reference", "bounce", "written_here"}
    automatic = set(session.scalars(select(Message.automatic)))
    assert automatic == {"no", "auto_reply", "bounce"}
    assert session.scalar(select(Message.id).where(Message.quote_start.is_not(None)).limit(1))


def test_events_are_in_the_order_of_time(sqlite_site: Site) -> None:
    """The log reads as if everything had happened at its moment."""
    load(sqlite_site)
    with sqlite_site.db.read() as session:
        moments = list(session.scalars(select(EventRow.at).order_by(EventRow.id)))
    assert moments == sorted(moments)
    assert moments[-1] <= NOW


def test_the_same_moment_gives_the_same_mail(tmp_path: Path) -> None:
    """Two sites loaded at the same moment hold the same first mails, byte for byte."""
    hashes = []
    for name in ("one", "two"):
        make_site(tmp_path / name, language="en")
        with Site(load_config(tmp_path / name), clock=FrozenClock(NOW), distributions=[]) as site:
            load(site)
            with site.db.read() as session:
                first = select(JournalEntry.content_hash).where(JournalEntry.key.endswith(".0"))
                hashes.append(sorted(session.scalars(first)))
    assert hashes[0] == hashes[1]


def test_an_owner_who_is_there_stays_the_only_one(sqlite_site: Site) -> None:
    """On a site with an owner the samples bring none, and nobody knows their password."""
    with sqlite_site.db.write() as session:
        add_agent(
            sqlite_site,
            session,
            name="Ann",
            address="ann@example.com",
            password=PASSWORD,
            role=Role.OWNER,
        )
    load(sqlite_site)
    with sqlite_site.db.read() as session:
        owners = session.scalars(select(Agent.person_id).where(Agent.role == Role.OWNER)).all()
        assert len(owners) == 1
    remove(sqlite_site)
    with sqlite_site.db.read() as session:
        assert has_owner(session)


def test_replies_to_samples_are_accepted_and_reach_nobody(sqlite_site: Site) -> None:
    """Who tries the desk sees a reply leave."""
    site = sqlite_site
    load(site)
    with site.db.write() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.subject == "Gift wrapping?")).one()
        message = tickets.reply(site, session, SYSTEM, ticket.id, ReplyDraft(text="Yes."))
    clock = site.clock
    assert isinstance(clock, FrozenClock)
    clock.move(minutes=1)
    assert delivery.run(site) == 1
    with site.db.read() as session:
        query = select(OutboxEntry.state).where(OutboxEntry.message_id == message.id)
        assert session.scalars(query).one() == "accepted"


def test_an_agent_on_a_ticket_that_stays_is_switched_off(sqlite_site: Site) -> None:
    """Removal keeps whoever is named on a ticket of the owner's own, without letting them in."""
    site = sqlite_site
    load(site, password=PASSWORD)
    with site.db.write() as session:
        tom = find(session, "tom@dami-goods.example")
        assert tom is not None
        account = own_account(site, session)
        ticket = Ticket(account_id=account, created_at=NOW, activity_at=NOW)
        session.add(ticket)
        session.flush()
        actor = agent_actor(session, tom.id)
        tickets.add_note(site, session, actor, ticket.id, NoteDraft(text="Mine."))
    remove(site)
    with site.db.read() as session:
        assert verify_password(session, "tom@dami-goods.example", PASSWORD) is None
        assert session.get_one(Agent, tom.id).active is False
        assert session.scalars(select(Ticket.id)).all() == [ticket.id]
    load(site, password=PASSWORD)
    with site.db.read() as session:
        assert verify_password(session, "tom@dami-goods.example", PASSWORD) is not None


def own_account(site: Site, session: Session) -> int:
    account = Account(
        channel="x", plugin="x", name="x", address="x@example.com", config={}, created_at=NOW
    )
    session.add(account)
    session.flush()
    return account.id


def test_stories_name_only_people_who_exist() -> None:
    """Every key in a story is in the shop, and each step says exactly one thing."""
    shop = read_shop()
    agents = {agent.key for agent in shop.agent}
    for story in read_stories():
        assert story.assignee in {"", *agents}
        assert story.team in {"", *(team.name for team in shop.team)}
        for step in story.say:
            assert sum(map(bool, (step.mail, step.reply, step.note))) == 1, story.subject
            assert (step.by in agents) == (not step.mail), story.subject
            assert {step.sender or story.sender, *step.cc} <= shop.customers.keys()


def test_the_command_makes_a_site_and_prints_the_sign_ins(tmp_path: Path) -> None:
    """`plugdesk demo` does all in one; the printed password works; --remove empties the site."""
    folder = tmp_path / "demo"
    result = CliRunner().invoke(plugdesk, ["demo", "--site", str(folder)])
    assert result.exit_code == 0, result.output
    found = re.search(r"^Password: (\S+)$", result.stdout, re.MULTILINE)
    assert found
    with Site(load_config(folder)) as site, site.db.read() as session:
        assert verify_password(session, "sora@dami-goods.example", found[1]) is not None
    assert found[1] in (folder / "SAMPLES.txt").read_text(encoding="utf-8")
    again = CliRunner().invoke(plugdesk, ["demo", "--site", str(folder)])
    assert again.exit_code == 1
    assert "already" in again.stderr
    removed = CliRunner().invoke(plugdesk, ["demo", "--remove", "--site", str(folder)])
    assert f"{len(read_stories())} sample tickets" in removed.stdout
    assert not (folder / "SAMPLES.txt").exists()


def test_the_channel_is_checked_like_any_other(sqlite_site: Site) -> None:
    """A sample account passes its check and brings nothing."""
    load(sqlite_site)
    _plugin, channel_class = sqlite_site.plugins.channel(DemoChannel.name)
    assert channel_class is DemoChannel
    assert sqlite_site.plugins.is_enabled("core")


def test_pages_load_and_remove_by_jobs(sqlite_site: Site) -> None:
    """The first-start page's button wakes a job; a second press is refused, not doubled."""
    assert sqlite_site.jobs.perform("demo.load")
    assert not sqlite_site.jobs.perform("demo.load")
    with sqlite_site.db.read() as session:
        assert is_loaded(session)
    assert sqlite_site.jobs.perform("demo.remove")
    with sqlite_site.db.read() as session:
        assert not is_loaded(session)
