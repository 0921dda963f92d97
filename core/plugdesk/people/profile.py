"""What agents set about themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from plugdesk.contract.tickets import SYSTEM
from plugdesk.events.operations import record
from plugdesk.people.models import Agent, Person

THEMES = ("system", "light", "dark")
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The fields of the profile page; the caller has checked them."""

    name: str
    language: str
    timezone: str
    theme: str


def update_profile(session: Session, now: datetime, person_id: int, profile: Profile) -> None:
    """Store an agent's own settings."""
    person = session.get_one(Person, person_id)
    person.name = " ".join(profile.name.split())[:LONGEST_NAME]
    person.language = profile.language
    person.timezone = profile.timezone
    session.get_one(Agent, person_id).theme = profile.theme
    record(session, "person_changed", SYSTEM, now, data={"person_id": person_id})
