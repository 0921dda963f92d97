"""The contract: every hook, what it is asked, and what it answers.

Kinds: *collect* is asked once at start of every loaded plugin; *ask* now, isolated, of every
enabled plugin; *first* ends with the first answer; *chain* lets each plugin replace the value for
the next; *event* comes after the commit, to every enabled plugin, with retries and replay; *own*
goes to the plugin concerned alone. Arguments are passed by keyword; leave out those you don't need.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from plugdesk.contract.channels import Channel
from plugdesk.contract.events import Event
from plugdesk.contract.jobs import Job
from plugdesk.contract.markers import hookspec
from plugdesk.contract.messages import Attachment, IncomingMessage, OutgoingMessage
from plugdesk.contract.tickets import Actor, Assignment, Change, TicketInfo
from plugdesk.contract.views import NavItem, Panel, PluginBlueprint


@hookspec
def channels() -> Sequence[type[Channel[BaseModel]]]:
    """collect: the ways of writing to you that this plugin brings."""
    raise NotImplementedError


@hookspec
def message_incoming(message: IncomingMessage) -> IncomingMessage | None:
    """chain: change a message before it is threaded and saved; its HTML is sanitised already."""


@hookspec
def find_ticket(message: IncomingMessage, account_id: int) -> int | None:
    """first: the ticket of the same account that a message belongs to, after core's own proofs."""


@hookspec
def message_outgoing(message: OutgoingMessage, ticket: TicketInfo) -> OutgoingMessage | None:
    """chain: change a message as it leaves; its Message-ID and recipients stay as they are."""


@hookspec
def scan_attachment(attachment: Attachment) -> str | None:
    """ask: a sentence refuses an attachment; it is then kept in the raw mail alone."""


@hookspec
def check_change(change: Change, ticket: TicketInfo, actor: Actor) -> str | None:
    """ask: a sentence refuses the change and is shown to the agent."""


@hookspec
def assign_ticket(ticket: TicketInfo) -> Assignment | None:
    """first: who a new ticket goes to; core's own rule, the account's team, comes last."""


@hookspec
def ticket_created(event: Event) -> None:
    """event: a ticket came to be; `data` has `subject` and `account_id`."""


@hookspec
def message_received(event: Event) -> None:
    """event: a customer's message became visible; `data` has `automatic` and `thread_rule`."""


@hookspec
def message_sent(event: Event) -> None:
    """event: the other side accepted a reply."""


@hookspec
def note_added(event: Event) -> None:
    """event: an agent or plugin left a note."""


@hookspec
def ticket_changed(event: Event) -> None:
    """event: fields of a ticket changed; `changes` says which."""


@hookspec
def person_changed(event: Event) -> None:
    """event: a person came to be or changed; `data` has `person_id`."""


@hookspec
def event(event: Event) -> None:
    """event: any of the above and every further kind in the log, after its own hook."""


@hookspec
def blueprint() -> PluginBlueprint | None:
    """collect: the plugin's pages."""


@hookspec
def ticket_panels(ticket: TicketInfo, agent: Actor) -> Panel | Sequence[Panel] | None:
    """ask: boxes beside a ticket."""


@hookspec
def navigation(agent: Actor) -> NavItem | Sequence[NavItem] | None:
    """ask: links in the desk's navigation."""


@hookspec
def settings() -> type[BaseModel] | None:
    """collect: a model whose fields become the plugin's settings form."""


@hookspec
def jobs() -> Sequence[Job]:
    """collect: periodic jobs."""
    raise NotImplementedError


@hookspec
def plugin_enabled() -> None:
    """own: this plugin was just switched on, in the transaction that does it."""


@hookspec
def plugin_disabled() -> None:
    """own: this plugin was just switched off."""
