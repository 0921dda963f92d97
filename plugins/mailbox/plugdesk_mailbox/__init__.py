"""Any mailbox as a channel: IMAP in, SMTP out."""

from plugdesk.plugin import hookimpl

from plugdesk_mailbox.channel import MailboxChannel

__all__ = ["MailboxChannel", "channels"]


@hookimpl
def channels() -> list[type[MailboxChannel]]:
    """The channel that this plugin adds."""
    return [MailboxChannel]
