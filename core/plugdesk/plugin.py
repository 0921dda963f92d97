"""All that a plugin may import from Plugdesk, with `plugdesk.testing` for its tests."""

from plugdesk.contract.addresses import Address, canonical_address
from plugdesk.contract.channels import AccountInfo, Channel, CheckResult
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
from plugdesk.errors import ChannelError, ChannelSignedOut, ChannelUnavailable, ParseLimit, Refused

__all__ = [
    "AccountInfo",
    "Address",
    "Attachment",
    "Automatic",
    "Channel",
    "ChannelError",
    "ChannelSignedOut",
    "ChannelUnavailable",
    "CheckResult",
    "DeliveryReport",
    "IncomingMessage",
    "OutgoingMessage",
    "ParseLimit",
    "RawItem",
    "Refused",
    "Sent",
    "SentState",
    "canonical_address",
    "hookimpl",
]
