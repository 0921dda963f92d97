"""The copy in the Sent folder: one, read, and only where the provider keeps none itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from plugdesk.plugin import ChannelUnavailable, OutgoingMessage
from plugdesk.testing.fixtures import Mailbox
from plugdesk_mailbox import MailboxChannel
from plugdesk_mailbox.smtp.compose import compose

MakeChannel = Callable[..., MailboxChannel]
MakeReply = Callable[..., OutgoingMessage]
CREATED = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_copy_is_kept_once_and_read(
    mailbox: Mailbox, open_channel: MakeChannel, reply: MakeReply
) -> None:
    r"""The copy is the message that left, bears \Seen, and is not doubled."""
    mailbox.server.create_folder(mailbox.address, "Sent")
    message = reply(created_at=CREATED)
    channel = open_channel()
    assert channel.was_sent(message) is False
    channel.keep_copy(message)
    channel.keep_copy(message)
    (stored,) = mailbox.server.messages(mailbox.address, "Sent")
    assert r"\Seen" in stored.flags
    assert stored.raw == compose(message, channel.config)
    assert channel.was_sent(message) is True
    assert channel.was_sent(reply(message_id="another@desk.test")) is False


def test_the_owner_s_choice_of_folder_comes_first(
    mailbox: Mailbox, open_channel: MakeChannel, reply: MakeReply
) -> None:
    """A folder of any name serves."""
    mailbox.server.create_folder(mailbox.address, "보낸 답장")
    channel = open_channel(sent_folder="보낸 답장")
    channel.keep_copy(reply(created_at=CREATED))
    assert len(mailbox.server.messages(mailbox.address, "보낸 답장")) == 1
    assert channel.was_sent(reply()) is True


@pytest.mark.parametrize(
    "changes",
    [{"save_sent": "no"}, {"smtp_host": "smtp.gmail.com"}, {"smtp_host": "smtp.office365.com"}],
)
def test_no_second_copy_where_the_provider_keeps_one(
    mailbox: Mailbox, open_channel: MakeChannel, reply: MakeReply, changes: dict[str, Any]
) -> None:
    """Gmail and Microsoft 365 save what leaves through them; and the owner may not want one."""
    mailbox.server.create_folder(mailbox.address, "Sent")
    open_channel(**changes).keep_copy(reply())
    assert mailbox.server.messages(mailbox.address, "Sent") == []


def test_yes_overrules_what_we_know(
    mailbox: Mailbox, open_channel: MakeChannel, reply: MakeReply
) -> None:
    """The owner knows better."""
    mailbox.server.create_folder(mailbox.address, "Sent")
    open_channel(save_sent="yes", smtp_host="smtp.gmail.com").keep_copy(reply())
    assert len(mailbox.server.messages(mailbox.address, "Sent")) == 1


@pytest.mark.parametrize("ident", ['a"b@x', "a\\b@x", "{3}@x", "a*b%c@x"])
def test_odd_message_ids_are_searched_safely(
    mailbox: Mailbox, open_channel: MakeChannel, reply: MakeReply, ident: str
) -> None:
    """What a Message-ID contains never ends the search command."""
    mailbox.server.create_folder(mailbox.address, "Sent")
    channel = open_channel()
    assert channel.was_sent(reply(message_id=ident)) is False
    channel.keep_copy(reply(message_id=ident, created_at=CREATED))
    assert channel.was_sent(reply(message_id=ident)) is True


def test_a_missing_folder_is_unknowable_and_said(
    open_channel: MakeChannel, reply: MakeReply
) -> None:
    """Without the folder nobody can know, and keeping a copy fails with a sentence."""
    channel = open_channel(sent_folder="Gone")
    assert channel.was_sent(reply()) is None
    with pytest.raises(ChannelUnavailable, match="refused"):
        channel.keep_copy(reply())


Scripted = Callable[..., tuple[Any, MailboxChannel]]


def test_the_server_s_own_mark_names_the_folder(scripted: Scripted, reply: MakeReply) -> None:
    r"""\Sent (RFC 6154) wins over a folder that merely bears the name."""
    listing = (
        b'* LIST (\\HasNoChildren) "/" "Sent"\r\n'
        b'* LIST (\\HasNoChildren \\Sent) "/" "[Gmail]/&vPSwuNO4ycDVaA-"\r\n'
        b"TAG OK done\r\n"
    )
    server, channel = scripted({"LIST": listing})
    assert channel.was_sent(reply()) is True
    assert any("[Gmail]/&vPSwuNO4ycDVaA-" in command for command in server.commands)


def test_without_any_folder_nothing_is_known(scripted: Scripted, reply: MakeReply) -> None:
    """No mark and no usual name: None rather than a guess, and no copy unless it is a must."""
    listing: dict[str, bytes | None] = {"LIST": b'* LIST () "/" "INBOX"\r\nTAG OK done\r\n'}
    server, channel = scripted(listing)
    assert channel.was_sent(reply()) is None
    channel.keep_copy(reply())
    assert not any(command.startswith("APPEND") for command in server.commands)
    _, strict = scripted(listing, save_sent="yes")
    with pytest.raises(ChannelUnavailable, match="no folder for sent mail"):
        strict.keep_copy(reply())


def test_a_refused_search_is_unknowable(scripted: Scripted, reply: MakeReply) -> None:
    """Servers that cannot search headers leave the question open."""
    listing = b'* LIST (\\Sent) "/" "Sent"\r\nTAG OK done\r\n'
    _, channel = scripted({"LIST": listing, "UID SEARCH": b"TAG NO [CANNOT] search\r\n"})
    assert channel.was_sent(reply()) is None
