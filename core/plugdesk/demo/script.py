"""The sample shop and its conversations, read from `stories/*.toml`."""

from __future__ import annotations

import tomllib
import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from plugdesk.contract.addresses import Address
from plugdesk.contract.tickets import Place, Priority, Role, Status

LANGUAGES = ("en", "ko")


#: A line of a story that takes at least so many columns goes on in the next one.
_FULL_LINE = 86


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TeamData(_Data):
    """A team of the shop."""

    name: str


class AccountData(_Data):
    """A mailbox of the shop; `key` is the language in which people write to it."""

    key: str
    name: str
    address: str
    team: str


class AgentData(_Data):
    """Somebody who works in the shop."""

    key: str
    name: str
    address: str
    role: Role
    language: str
    teams: list[str]


class Shop(_Data):
    """Who works in the shop, and who writes to it."""

    team: list[TeamData]
    account: list[AccountData]
    agent: list[AgentData]
    customers: dict[str, str]
    """Key to `Name <address>`."""

    def customer(self, key: str) -> Address:
        """Return a customer's address."""
        name, _space, address = self.customers[key].rpartition(" ")
        return Address(name, address.strip("<>"))


class Step(_Data):
    """One thing said on a ticket: exactly one of `mail`, `reply` and `note`."""

    after: float = 0
    """Hours since the step before; for the first, since the ticket's `ago`."""
    mail: str = ""
    reply: str = ""
    note: str = ""
    sender: str = Field(default="", alias="from")
    """The customer who writes, if not the one who began."""
    by: str = ""
    """The agent who writes."""
    to: str = ""
    """An address for a reply, if not the requester's."""
    cc: list[str] = []
    subject: str = ""
    quote: bool = False
    """Whether the mail quotes what it answers, as mail clients do."""
    html: Literal["", "plain", "table", "photo"] = ""
    """Whether the mail has an HTML part too, and what is in it."""
    files: list[Literal["photo", "invoice", "list", "registration"]] = []
    automatic: Literal["", "auto_reply", "bounce"] = ""
    outcome: Literal["accepted", "failed", "unknown"] = "accepted"
    """What became of a reply."""

    @field_validator("mail", "reply", "note")
    @classmethod
    def _unwrapped(cls, text: str) -> str:
        return unwrap(text)


class Story(_Data):
    """A ticket from its first message to where it stands today."""

    sender: str = Field(alias="from")
    subject: str
    ago: float
    """How many days ago it began."""
    say: list[Step]
    team: str = ""
    assignee: str = ""
    priority: Priority = Priority.NORMAL
    status: Status = Status.OPEN
    place: Place = Place.INBOX
    tags: list[str] = []
    spam: bool = False
    account: str = ""

    def moments(self) -> list[timedelta]:
        """Return how long ago each step was said; the last one at least a minute."""
        moment = timedelta(days=self.ago)
        found: list[timedelta] = []
        for step in self.say:
            moment = max(moment - timedelta(hours=step.after), timedelta(minutes=1))
            found.append(moment)
        return found


def read_shop() -> Shop:
    """Return the people and mailboxes of the sample shop."""
    return Shop.model_validate(_read("shop"))


def read_stories() -> list[Story]:
    """Return all conversations, the oldest first."""
    found = [
        Story.model_validate({"account": language, **ticket})
        for language in LANGUAGES
        for ticket in _read(language)["ticket"]
    ]
    return sorted(found, key=lambda story: -story.ago)


def _read(name: str) -> dict[str, list[dict[str, object]]]:
    path = Path(__file__).parent / "stories" / f"{name}.toml"
    return tomllib.loads(path.read_text("utf-8"))


def unwrap(text: str) -> str:
    """Undo the wrapping that makes the files readable; mail clients wrap by themselves."""
    joined = ""
    for line in text.strip().splitlines():
        joined += line + (" " if _width(line) >= _FULL_LINE else "\n")
    return joined.strip()


def _width(line: str) -> int:
    return len(line) + sum(unicodedata.east_asian_width(character) in "WF" for character in line)
