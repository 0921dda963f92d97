"""Reading when the network or the server fails: nothing partial, nothing lost, never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from plugdesk.plugin import ChannelSignedOut, ChannelUnavailable, RawItem
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.tcp_proxy import Action, Fault, TcpProxy
from plugdesk_mailbox import MailboxChannel

MakeChannel = Callable[..., MailboxChannel]
MakeScripted = Callable[..., tuple[Any, MailboxChannel]]


def mail(number: int, size: int = 20_000) -> bytes:
    """Return a message that no other number has."""
    return f"Subject: {number}\r\n\r\n{number:05}".encode() + b"x" * size + b"\r\n"


def keep(items: Iterable[RawItem], kept: list[RawItem]) -> None:
    """Keep every item up to an error."""
    for item in items:
        kept.append(item)  # noqa: PERF402


def listed(size: int = 100) -> bytes:
    """Return an answer with the sizes of messages 1, 2 and 3."""
    lines = (f"* {n} FETCH (UID {n} RFC822.SIZE {size})\r\n" for n in (1, 2, 3))
    return "".join(lines).encode() + b"TAG OK done\r\n"


def body(uid: int, content: bytes = b"Subject: a\r\n\r\nb\r\n") -> bytes:
    """Return an untagged answer with one message."""
    head = f"* {uid} FETCH (UID {uid} BODY[] {{{len(content)}}}\r\n".encode()
    return head + content + b")\r\n"


DONE = b"TAG OK done\r\n"


@pytest.mark.parametrize("where", [1_500, 30_000, 61_000, 100_000])
def test_a_cut_inside_a_message_yields_nothing_partial(
    mailbox: Mailbox, open_through: MakeChannel, proxy: TcpProxy, where: int
) -> None:
    """Every item is whole; after the cut, reading goes on and the totals hold."""
    mails = [mail(number) for number in range(5)]
    mailbox.server.deliver_many(mailbox.address, mails)
    proxy.fail(Fault(after_bytes=where))
    items: list[RawItem] = []
    with pytest.raises(ChannelUnavailable, match="broke"):
        keep(open_through().fetch(None), items)
    keep(open_through().fetch(items[-1].cursor if items else None), items)
    assert [item.raw for item in items] == mails
    assert not any(item.problem for item in items)


def test_a_server_that_falls_silent_is_given_up(
    mailbox: Mailbox, open_through: MakeChannel, proxy: TcpProxy
) -> None:
    """A stalled connection ends in ChannelUnavailable after the silence that we bear."""
    mailbox.server.deliver(mailbox.address, mail(1))
    proxy.fail(Fault(after_bytes=5_000, action=Action.STALL))
    channel = open_through()
    channel.silence = 0.3  # type: ignore[misc]
    begun = time.monotonic()
    with pytest.raises(ChannelUnavailable, match="did not answer in time"):
        list(channel.fetch(None))
    assert time.monotonic() - begun < 5


def test_a_refused_connection_says_so(open_through: MakeChannel, proxy: TcpProxy) -> None:
    """A server that is down is a passing thing."""
    proxy.stop()
    with pytest.raises(ChannelUnavailable, match="refused the connection"):
        list(open_through().fetch(None))


def test_a_message_that_always_breaks_the_connection_is_set_aside(
    mailbox: Mailbox, open_through: MakeChannel, proxy: TcpProxy
) -> None:
    """After several separate attempts it comes as a problem, and the mail behind it arrives."""
    mails = [mail(0), mail(1) + b"POISON\r\n" + b"y" * 9000 + b"\r\n", mail(2)]
    mailbox.server.deliver_many(mailbox.address, mails)
    proxy.fail(Fault(pattern=b"POISON", times=None))
    items: list[RawItem] = []
    for _attempt in range(10):
        try:
            keep(open_through().fetch(items[-1].cursor if items else None), items)
            break
        except ChannelUnavailable:
            continue
    assert [item.raw for item in items if not item.problem] == [mails[0], mails[2]]
    (poison,) = (item for item in items if item.problem)
    assert poison.raw == b"Subject: 1\r\n\r\n"


def test_one_refused_message_does_not_hold_up_the_others(scripted: MakeScripted) -> None:
    """NO to a set is tried one by one; the one that is refused becomes a problem."""
    _, channel = scripted(
        {
            "UID FETCH 1:3 (UID RFC822.SIZE": listed(),
            "UID FETCH 1:3": b"TAG NO [SERVERBUG] cannot read one of them\r\n",
            "UID FETCH 1 ": body(1) + DONE,
            "UID FETCH 2 ": b"TAG NO [SERVERBUG] corrupt\r\n",
            "UID FETCH 3 ": body(3) + DONE,
        }
    )
    items = list(channel.fetch(None))
    assert [bool(item.problem) for item in items] == [False, True, False]
    assert "corrupt" in items[1].problem
    assert [item.key for item in items] == ["INBOX:7:1", "INBOX:7:2", "INBOX:7:3"]


def test_when_all_messages_are_refused_the_server_is_to_blame(scripted: MakeScripted) -> None:
    """An outage of the provider's storage fills no quarantine."""
    _, channel = scripted(
        {"UID FETCH 1:3 (UID RFC822.SIZE": listed(), "UID FETCH": b"TAG NO storage is down\r\n"}
    )
    items: list[RawItem] = []
    with pytest.raises(ChannelUnavailable, match="one message after the other"):
        keep(channel.fetch(None), items)
    assert items == []


@pytest.mark.parametrize("answer", ["BODY[] NIL", "FLAGS (\\Seen)"])
def test_a_message_without_content_is_a_problem(scripted: MakeScripted, answer: str) -> None:
    """The server lists it and gives nothing: visible as a problem, never skipped."""
    nothing = f"* 2 FETCH (UID 2 {answer})\r\n".encode()
    _, channel = scripted(
        {
            "UID FETCH 1:3 (UID RFC822.SIZE": listed(),
            "UID FETCH 1:3": body(1) + nothing + body(3) + DONE,
            "UID FETCH 2 ": nothing + DONE,
            "UID SEARCH UID 2": b"* SEARCH 2\r\nTAG OK done\r\n",
        }
    )
    items = list(channel.fetch(None))
    assert [bool(item.problem) for item in items] == [False, True, False]


def test_news_about_flags_between_bodies_confuse_nothing(scripted: MakeScripted) -> None:
    """Another client marks messages while we fetch (RFC 3501, 7.4.2)."""
    flags = b"* 2 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n* 4 EXISTS\r\n"
    _, channel = scripted(
        {
            "UID FETCH 1:3 (UID RFC822.SIZE": flags + listed(),
            "UID FETCH 1:3": body(1) + flags + body(2) + body(3) + flags + DONE,
        }
    )
    assert [item.raw for item in channel.fetch(None)] == [b"Subject: a\r\n\r\nb\r\n"] * 3


def test_content_as_a_quoted_string_is_read(scripted: MakeScripted) -> None:
    """Short content may come quoted instead of as a literal (RFC 3501, 4.3)."""
    quoted = b'* 1 FETCH (UID 1 BODY[] "a \\"b\\" UID 9 \\\\")\r\n'
    _, channel = scripted(
        {
            "UID SEARCH": b"* SEARCH 1\r\nTAG OK done\r\n",
            "UID FETCH 1 (UID RFC822.SIZE": b"* 1 FETCH (UID 1 RFC822.SIZE 5)\r\nTAG OK done\r\n",
            "UID FETCH 1 ": quoted + DONE,
        }
    )
    (item,) = channel.fetch(None)
    assert item.raw == b'a "b" UID 9 \\'


HUGE = b"* 1 FETCH (UID 1 BODY[] {9000000000}\r\n"


@pytest.mark.parametrize(
    ("command", "flood"),
    [
        ("EXAMINE", b"* OK " + b"x" * 3_000_000 + b"\r\n"),
        ("EXAMINE", b"* OK more\r\n" * 300_000),
        ("EXAMINE", HUGE),
        ("UID SEARCH", b"* SEARCH " + b"1 " * 20_000_000 + b"\r\n"),
    ],
    ids=["line", "lines", "literal", "search"],
)
def test_a_flood_ends_the_connection(scripted: MakeScripted, command: str, flood: bytes) -> None:
    """A hostile server cannot fill our memory: more than a command can answer is hung up on."""
    _, channel = scripted({command: flood})
    with pytest.raises(ChannelUnavailable, match="sent more than can be right"):
        list(channel.fetch(None))


def test_a_message_larger_than_announced_is_a_problem(scripted: MakeScripted) -> None:
    """A lie about the size of one message does not end the reading of the others."""
    header = b"Subject: big\r\n\r\n"
    section = b"* 2 FETCH (UID 2 BODY[HEADER]<0> {%d}\r\n" % len(header) + header + b")\r\n"
    _, channel = scripted(
        {
            "UID FETCH 1:3 (UID RFC822.SIZE": listed(),
            "UID FETCH 1:3": HUGE,
            "UID FETCH 1 ": body(1) + DONE,
            "UID FETCH 2 (UID INTERNALDATE BODY.PEEK[HEADER]": section + DONE,
            "UID FETCH 2 ": HUGE,
            "UID FETCH 3 ": body(3) + DONE,
        }
    )
    items = list(channel.fetch(None))
    assert [bool(item.problem) for item in items] == [False, True, False]
    assert items[1].raw == header


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"TAG NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", ChannelSignedOut),
        (b"TAG NO [AUTHORIZATIONFAILED] no such role", ChannelSignedOut),
        (b"TAG NO [ALERT] Application-specific password required", ChannelSignedOut),
        (b"TAG NO login failed", ChannelSignedOut),
        (b"TAG BAD what", ChannelSignedOut),
        (b"TAG NO [UNAVAILABLE] Temporary authentication failure", ChannelUnavailable),
        (b"TAG NO [LIMIT] Rate limit hit", ChannelUnavailable),
        (b"TAG NO [ALERT] Too many simultaneous connections. (Failure)", ChannelUnavailable),
        (b"* BYE overloaded\r\nTAG NO bye", ChannelUnavailable),
        (None, ChannelUnavailable),
    ],
)
def test_refused_sign_ins_are_told_apart(
    scripted: MakeScripted, answer: bytes | None, error: type[Exception]
) -> None:
    """Lasting refusals stop the account; passing ones are tried again (RFC 5530)."""
    _, channel = scripted({"LOGIN": answer and answer + b"\r\n"})
    with pytest.raises(error):
        list(channel.fetch(None))


def test_a_mailbox_with_imap_switched_off_says_so(scripted: MakeScripted) -> None:
    """The most common trouble with web mailers gets its own sentence."""
    said = b"TAG NO [ALERT] Your account is not enabled for IMAP use. Please visit settings\r\n"
    _, channel = scripted({"LOGIN": said})
    with pytest.raises(ChannelSignedOut, match="IMAP is switched off"):
        list(channel.fetch(None))


@pytest.mark.parametrize("command", ["EXAMINE", "UID SEARCH", "UID FETCH"])
@pytest.mark.parametrize(
    "answer", [b"TAG NO [THROTTLED] slow down\r\n", b"* BYE shutting down\r\n", b"%%%\r\n", None]
)
def test_trouble_at_any_command_is_passing(
    scripted: MakeScripted, command: str, answer: bytes | None
) -> None:
    """Throttling, farewells, nonsense and hang-ups are tried again later."""
    _, channel = scripted({command: answer})
    with pytest.raises(ChannelUnavailable):
        list(channel.fetch(None))


@pytest.mark.parametrize("greeting", [b"* BYE busy\r\n", b"HTTP/1.1 400 Bad Request\r\n", b""])
def test_an_unfriendly_greeting_is_passing(scripted: MakeScripted, greeting: bytes) -> None:
    """Whatever answers at that port, the error is a sentence."""
    _, channel = scripted({}, greeting=greeting)
    channel.silence = 0.3  # type: ignore[misc]
    with pytest.raises(ChannelUnavailable):
        list(channel.fetch(None))


def test_a_folder_without_uidvalidity_is_not_read(scripted: MakeScripted) -> None:
    """Without it UIDs promise nothing, and keys could change hands."""
    _, channel = scripted({"EXAMINE": b"* 3 EXISTS\r\nTAG OK done\r\n"})
    with pytest.raises(ChannelUnavailable, match="UIDVALIDITY"):
        list(channel.fetch(None))


def test_injected_plain_text_does_not_survive_starttls(scripted: MakeScripted) -> None:
    """What a man in the middle appends to the answer is forgotten (CVE-2011-0411)."""
    capable = b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n"
    injected = b"TAG OK begin\r\n* CAPABILITY IMAP4rev1 EVIL\r\n"
    server, channel = scripted(
        {"CAPABILITY": capable, "STARTTLS": injected}, imap_security="starttls"
    )
    channel.silence = 0.3  # type: ignore[misc]
    with pytest.raises(ChannelUnavailable):
        list(channel.fetch(None))
    assert not any(command.startswith("LOGIN") for command in server.commands)


def test_a_server_without_starttls_gets_no_password(scripted: MakeScripted) -> None:
    """Encryption that was asked for is never left away."""
    server, channel = scripted({}, imap_security="starttls")
    with pytest.raises(ChannelUnavailable, match="STARTTLS"):
        list(channel.fetch(None))
    assert not any(command.startswith("LOGIN") for command in server.commands)


def test_only_reading_commands_are_used(scripted: MakeScripted) -> None:
    """EXAMINE instead of SELECT, BODY.PEEK instead of BODY; nothing that writes."""
    server, channel = scripted(
        {
            "UID FETCH 1:3 (UID RFC822.SIZE": listed(),
            "UID FETCH 1:3": body(1) + body(2) + body(3) + DONE,
        }
    )
    assert len(list(channel.fetch(None))) == 3
    verbs = {command.split()[0] for command in server.commands}
    assert verbs <= {"CAPABILITY", "LOGIN", "EXAMINE", "UID", "LOGOUT"}
    assert not any("BODY[" in command for command in server.commands)
