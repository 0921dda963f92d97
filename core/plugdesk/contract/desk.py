"""What the desk offers to plugins: the other direction of the contract.

`plugdesk.plugin.desk` works inside hooks, jobs and plugin pages; it knows on whose behalf and in
which transaction it is called. Everything that it changes is recorded with the plugin as actor.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from pydantic import BaseModel
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Change, PersonInfo, Status, TicketInfo


class TicketsService(Protocol):
    """Tickets. Every method raises NotFound for one that does not exist.

    What changes something happens whole or not at all, also when the plugin catches the error.
    """

    def get(self, ticket_id: int) -> TicketInfo:
        """Return a ticket as it stands."""

    def note(self, ticket_id: int, text: str) -> int:
        """Leave a note; returns its id."""

    def reply(
        self, ticket_id: int, text: str, *, html: str = "", status_after: Status | None = None
    ) -> int:
        """Queue a reply to the requester and those in copy; returns the message's id.

        It leaves after the undo window. Raises Refused when there is nobody to reply to.
        """

    def change(self, ticket_id: int, change: Change) -> TicketInfo:
        """Change fields of a ticket. Raises Refused when a rule or another plugin refuses it."""

    def tag(self, ticket_id: int, *tags: str) -> TicketInfo:
        """Add tags. Raises Refused."""

    def untag(self, ticket_id: int, *tags: str) -> TicketInfo:
        """Take tags away. Raises Refused."""

    def assign(
        self, ticket_id: int, *, agent_id: int | None = None, team_id: int | None = None
    ) -> TicketInfo:
        """Give a ticket to an agent, a team, or both; None leaves that side. Raises Refused."""


class PeopleService(Protocol):
    """People."""

    def get(self, person_id: int) -> PersonInfo:
        """Return a person. Raises NotFound."""

    def find(self, address: str) -> PersonInfo | None:
        """Return the person with a mail address, in any spelling; None when there is none."""


class Desk(Protocol):
    """The desk, as the running plugin may use it. Raises PluginError outside of plugin code."""

    @property
    def tickets(self) -> TicketsService:
        """Tickets, with the plugin as actor."""

    @property
    def people(self) -> PeopleService:
        """People."""

    @property
    def settings(self) -> BaseModel:
        """The plugin's settings, as an object of the model that its hook `settings` gave.

        Raises PluginError when it gave none, ConfigError when a secret cannot be read.
        """

    @property
    def session(self) -> Session:
        """The running transaction, for the plugin's own tables.

        Commit, rollback and close are refused: the desk does that. To undo a part use
        `with desk.session.begin_nested():`. Raises PluginError outside of a transaction.
        """

    def transaction(self) -> AbstractContextManager[Session]:
        """Give a transaction in a job; it is committed at the end of the block.

        Inside a transaction that is running already it is a part of that one, which is undone
        alone when the block raises. Never wait for a network inside the block.
        """
