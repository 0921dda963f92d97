"""All that a plugin may import from Plugdesk, with `plugdesk.testing` for its tests."""

from plugdesk.contract.addresses import Address, canonical_address
from plugdesk.contract.channels import AccountInfo, Channel, CheckResult
from plugdesk.contract.desk import Desk
from plugdesk.contract.events import Event, FieldChange
from plugdesk.contract.jobs import Job
from plugdesk.contract.markers import hookimpl
from plugdesk.contract.messages import (
    Attachment,
    Automatic,
    DeliveryReport,
    IncomingMessage,
    OutgoingMessage,
    RawItem,
    Sent,
    SentState,
)
from plugdesk.contract.tickets import (
    Actor,
    ActorKind,
    Assignment,
    Change,
    PersonInfo,
    Place,
    Priority,
    Role,
    Status,
    TicketInfo,
)
from plugdesk.contract.views import NavItem, Panel, PluginBlueprint
from plugdesk.db.base import UtcDateTime
from plugdesk.errors import (
    ChannelError,
    ChannelSignedOut,
    ChannelUnavailable,
    NotFound,
    ParseLimit,
    PluginError,
    Refused,
)
from plugdesk.i18n import N_, LazyText, gettext, joined, lazy_gettext, ngettext, stored
from plugdesk.plugins.desk import desk

__all__ = [
    "N_",
    "AccountInfo",
    "Actor",
    "ActorKind",
    "Address",
    "Assignment",
    "Attachment",
    "Automatic",
    "Change",
    "Channel",
    "ChannelError",
    "ChannelSignedOut",
    "ChannelUnavailable",
    "CheckResult",
    "DeliveryReport",
    "Desk",
    "Event",
    "FieldChange",
    "IncomingMessage",
    "Job",
    "LazyText",
    "NavItem",
    "NotFound",
    "OutgoingMessage",
    "Panel",
    "ParseLimit",
    "PersonInfo",
    "Place",
    "PluginBlueprint",
    "PluginError",
    "Priority",
    "RawItem",
    "Refused",
    "Role",
    "Sent",
    "SentState",
    "Status",
    "TicketInfo",
    "UtcDateTime",
    "canonical_address",
    "desk",
    "gettext",
    "hookimpl",
    "joined",
    "lazy_gettext",
    "ngettext",
    "stored",
]
