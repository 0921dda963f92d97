"""Playing the sample conversations into a site, through the same operations as real ones."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugdesk.clock import FrozenClock
from plugdesk.contract.addresses import Address
from plugdesk.contract.messages import RawItem
from plugdesk.contract.tickets import SYSTEM, Change, Place, Priority, Role, Status
from plugdesk.demo import mail
from plugdesk.demo.channel import DemoChannel
from plugdesk.demo.files import sample_file
from plugdesk.demo.people import Cast, make_cast
from plugdesk.demo.removing import is_loaded
from plugdesk.demo.script import Shop, Step, Story, read_shop, read_stories
from plugdesk.errors import Refused
from plugdesk.i18n import LazyText, gettext, lazy_gettext, stored
from plugdesk.intake import worker
from plugdesk.intake.models import JournalEntry
from plugdesk.intake.receive import receive
from plugdesk.outbox.models import OutboxEntry
from plugdesk.outbox.operations import record_outcome
from plugdesk.tickets import operations as tickets
from plugdesk.tickets.drafts import NoteDraft, ReplyDraft, Upload
from plugdesk.tickets.models import Message

if TYPE_CHECKING:
    from plugdesk.site import Site

#: Every sample ticket has this tag.
SAMPLE_TAG = "sample"
#: Told after every step: how many are done, of how many.
Progress = Callable[[int, int], None]
_CHANNEL = f"{DemoChannel.__module__}:{DemoChannel.__qualname__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInData:
    """Whom one can sign in as."""

    name: str
    address: str
    role: Role


def load(site: Site, *, password: str = "", progress: Progress | None = None) -> list[SignInData]:
    """Fill the site with the sample shop, and return its agents.

    Everything happens at the moments of the story, up to now. Without a password the agents get
    one that nobody knows. Raises Refused when the samples are there already.
    """
    with site.db.read() as session:
        if is_loaded(session):
            raise Refused(gettext("The sample tickets are here already."))
    _Player(site, password or secrets.token_urlsafe(32)).play(progress)
    return [
        SignInData(name=agent.name, address=agent.address, role=agent.role)
        for agent in read_shop().agent
    ]


class _Player:
    """Plays all conversations, in the order of time."""

    def __init__(self, site: Site, password: str) -> None:
        self._end = site.clock.now()
        self._clock = FrozenClock(self._end)
        # The same site at another time; everything else in it is shared.
        self._site = copy.copy(site)
        self._site.clock = self._clock
        self._password = password
        self._shop: Shop = read_shop()
        self._tickets: dict[int, int] = {}

    def play(self, progress: Progress | None) -> None:
        """Make the people, then say and change everything at its moment."""
        stories = read_stories()
        self._set_clock(self._end - timedelta(days=stories[0].ago + 1))
        with self._site.db.write() as session:
            cast = make_cast(self._site, session, self._shop, self._password)
        steps = sorted(
            (
                (ago, number, index)
                for number, story in enumerate(stories)
                for index, ago in enumerate(story.moments())
            ),
            key=lambda step: (-step[0], step[2]),
        )
        for done, (ago, number, index) in enumerate(steps, 1):
            self._set_clock(self._end - ago)
            self._play_step(cast, stories[number], number, index)
            if progress is not None:
                progress(done, len(steps))

    def _set_clock(self, moment: datetime) -> None:
        self._clock.move(seconds=(moment - self._clock.now()).total_seconds())

    def _play_step(self, cast: Cast, story: Story, number: int, index: int) -> None:
        step = story.say[index]
        if step.mail:
            self._receive(cast, story, number, index)
        with self._site.db.write() as session:
            if step.reply:
                self._reply(session, cast, story, step, self._tickets[number])
            elif step.note:
                actor, draft = cast.actor(step.by), NoteDraft(text=step.note)
                tickets.add_note(self._site, session, actor, self._tickets[number], draft)
            if index == 0:
                self._change(session, cast, story, number, _triage(story, cast))
            if index == len(story.say) - 1:
                self._change(session, cast, story, number, _end(story))

    def _receive(self, cast: Cast, story: Story, number: int, index: int) -> None:
        item = self._raw_item(cast, story, number, index)
        parsed = worker.load(worker.parse_batch(_CHANNEL, [item.raw])[0]).message
        if parsed is None:
            msg = gettext("The sample %(name)s cannot be understood.", name=item.key)
            raise Refused(msg)
        files = [attachment.content for attachment in parsed.attachments]
        raw_blob, *blobs = self._site.blobs.put_many([item.raw, *files])
        # One transaction, so that no worker meets an entry that still has to be understood.
        with self._site.db.write() as session:
            entry = JournalEntry(
                account_id=cast.accounts[story.account][0],
                key=item.key,
                content_hash=raw_blob,
                size=len(item.raw),
                place=item.place,
                received_at=item.received_at,
                journaled_at=self._clock.now(),
                state="visible",
            )
            session.add(entry)
            session.flush()
            message = receive(self._site, session, entry, parsed, blobs)
            entry.message_id = message.id
            self._tickets.setdefault(number, message.ticket_id)

    def _raw_item(self, cast: Cast, story: Story, number: int, index: int) -> RawItem:
        step = story.say[index]
        now = self._clock.now()
        earlier = self._earlier(number)
        reply = "" if not earlier else "Re: "
        envelope = mail.Envelope(
            sender=self._shop.customer(step.sender or story.sender),
            to=cast.accounts[story.account][1],
            cc=tuple(self._shop.customer(key) for key in step.cc),
            subject=step.subject or reply + story.subject,
            at=now,
            language=story.account,
            earlier=earlier,
            spam=story.spam,
        )
        raw = mail.build(step, envelope)
        return RawItem(key=f"INBOX:{number}.{index}", raw=raw, received_at=now, place="INBOX")

    def _earlier(self, number: int) -> tuple[mail.Earlier, ...]:
        if number not in self._tickets:
            return ()
        with self._site.db.read() as session:
            rows = session.scalars(
                select(Message)
                .where(Message.ticket_id == self._tickets[number])
                .order_by(Message.id)
            ).all()
        return tuple(
            mail.Earlier(
                header_id=row.header_id,
                sender=str(Address(row.sender_name, row.sender_address)),
                at=row.created_at,
                text=row.text,
            )
            for row in rows
        )

    def _reply(
        self, session: Session, cast: Cast, story: Story, step: Step, ticket_id: int
    ) -> None:
        files = [sample_file(kind, story.account) for kind in step.files]
        draft = ReplyDraft(
            text=step.reply,
            to=(Address("", step.to),) if step.to else (),
            files=tuple(
                Upload(name=file.name, content_type=file.content_type, content=file.content)
                for file in files
            ),
        )
        message = tickets.reply(self._site, session, cast.actor(step.by), ticket_id, draft)
        entry = session.scalars(
            select(OutboxEntry).where(OutboxEntry.message_id == message.id)
        ).one()
        entry.state = step.outcome
        entry.detail = stored(_DETAILS[step.outcome])
        entry.attempts = 1
        entry.copy_kept = True
        record_outcome(self._site, session, SYSTEM, message, entry)

    def _change(
        self, session: Session, cast: Cast, story: Story, number: int, change: Change
    ) -> None:
        actor = cast.actor(story.assignee)
        tickets.change(self._site, session, actor, self._tickets[number], change)


_DETAILS: dict[str, str | LazyText] = {
    "accepted": "",
    "failed": "552 5.2.2 Mailbox is full",
    "unknown": lazy_gettext("The connection broke after the message was handed over."),
}


def _triage(story: Story, cast: Cast) -> Change:
    """Return what an agent changes on reading a new ticket."""
    return Change(
        priority=None if story.priority is Priority.NORMAL else story.priority,
        assignee_id=cast.actor(story.assignee).person_id,
        team_id=cast.teams.get(story.team),
        add_tags=(SAMPLE_TAG, *story.tags),
    )


def _end(story: Story) -> Change:
    """Return where the ticket stands today."""
    return Change(
        status=None if story.status is Status.OPEN else story.status,
        place=None if story.place is Place.INBOX else story.place,
    )
