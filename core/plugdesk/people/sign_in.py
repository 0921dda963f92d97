"""Signed-in browsers: a random token in a cookie, its hash in the table `sign_in`.

A token is worth a password for as long as it lives, so it is made anew at every sign-in and
whenever the password changes, ends after a while without use and for good after `LONGEST`, and is
nowhere stored in readable form.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor, ActorKind, Role
from plugdesk.people.models import Agent, Person, PersonAddress, SignIn

LONGEST = timedelta(days=30)
"""After this long everybody signs in again."""
IDLE = timedelta(days=7)
"""A browser that was not used for this long is signed out."""
TOUCH = timedelta(minutes=5)
"""How exactly the last use is remembered; spares a write on each request."""

_TOKEN_BYTES = 32
_BROWSER_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """The agent behind a request."""

    person_id: int
    name: str
    address: str
    role: Role
    language: str
    timezone: str
    theme: str
    seen_at: datetime
    token_hash: str

    @property
    def actor(self) -> Actor:
        """Who operations record as the doer."""
        return Actor(kind=ActorKind.AGENT, person_id=self.person_id, role=self.role)

    @property
    def display_name(self) -> str:
        """The name, or the address where there is none."""
        return self.name or self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSignIn:
    """One of an agent's signed-in browsers, for the profile page."""

    browser: str
    created_at: datetime
    seen_at: datetime
    current: bool


def start(session: Session, now: datetime, person_id: int, browser: str) -> str:
    """Sign a browser in and return its token. Removes what has expired meanwhile."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session.execute(delete(SignIn).where(SignIn.expires_at <= now))
    session.add(
        SignIn(
            token_hash=hash_token(token),
            person_id=person_id,
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
            browser=browser[:_BROWSER_LENGTH],
        )
    )
    return token


def find(session: Session, now: datetime, token: str) -> SignedIn | None:
    """Return the active agent whose unexpired token this is."""
    row = session.execute(
        select(SignIn, Agent, Person)
        .join(Agent, Agent.person_id == SignIn.person_id)
        .join(Person, Person.id == SignIn.person_id)
        .where(
            SignIn.token_hash == hash_token(token),
            SignIn.expires_at > now,
            SignIn.seen_at > now - IDLE,
            Agent.active,
        )
    ).one_or_none()
    if row is None:
        return None
    sign_in, agent, person = row
    return SignedIn(
        person_id=person.id,
        name=person.name,
        address=_first_address(session, person.id),
        role=Role(agent.role),
        language=person.language,
        timezone=person.timezone,
        theme=agent.theme,
        seen_at=sign_in.seen_at,
        token_hash=sign_in.token_hash,
    )


def needs_touch(signed_in: SignedIn, now: datetime) -> bool:
    """Say whether the last use is old enough to be written down again."""
    return now - signed_in.seen_at > TOUCH


def touch(session: Session, now: datetime, token_hash: str) -> None:
    """Remember that the browser was used just now."""
    session.execute(update(SignIn).where(SignIn.token_hash == token_hash).values(seen_at=now))


def end(session: Session, token_hash: str) -> None:
    """Sign one browser out."""
    session.execute(delete(SignIn).where(SignIn.token_hash == token_hash))


def end_all(session: Session, person_id: int) -> None:
    """Sign an agent out everywhere."""
    session.execute(delete(SignIn).where(SignIn.person_id == person_id))


def open_sign_ins(
    session: Session, now: datetime, person_id: int, current: str
) -> list[OpenSignIn]:
    """Return an agent's signed-in browsers, the latest used first."""
    rows = session.scalars(
        select(SignIn)
        .where(SignIn.person_id == person_id, SignIn.expires_at > now, SignIn.seen_at > now - IDLE)
        .order_by(SignIn.seen_at.desc())
    )
    return [
        OpenSignIn(
            browser=row.browser,
            created_at=row.created_at,
            seen_at=row.seen_at,
            current=row.token_hash == current,
        )
        for row in rows
    ]


def hash_token(token: str) -> str:
    """Return the form in which a token is stored. It is random, so one fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _first_address(session: Session, person_id: int) -> str:
    return (
        session.scalar(
            select(PersonAddress.address)
            .where(PersonAddress.person_id == person_id)
            .order_by(PersonAddress.id)
            .limit(1)
        )
        or ""
    )
