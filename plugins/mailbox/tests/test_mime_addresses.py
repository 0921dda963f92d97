"""Who a message is from and for: tolerant of how people write, honest about doubt."""

from __future__ import annotations

import pytest
from plugdesk.plugin import IncomingMessage
from plugdesk_mailbox.mime import parse


def letter(*fields: str) -> IncomingMessage:
    return parse("\r\n".join([*fields, "", "x"]).encode())


def to(value: str) -> list[tuple[str, str]]:
    return [(address.name, address.address) for address in letter(f"To: {value}").to]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ann@example.com", [("", "ann@example.com")]),
        ("Ann <Ann@Example.COM>", [("Ann", "ann@example.com")]),
        ('"Lee, Ann" <ann@example.com>', [("Lee, Ann", "ann@example.com")]),
        ("ann@example.com (Ann Lee)", [("Ann Lee", "ann@example.com")]),
        ("a@x.org, b@x.org; c@x.org", [("", "a@x.org"), ("", "b@x.org"), ("", "c@x.org")]),
        (
            "Team: a@x.org, B <b@x.org>;, c@x.org",
            [("", "a@x.org"), ("B", "b@x.org"), ("", "c@x.org")],
        ),
        ("undisclosed-recipients:;", []),
        ("", []),
        ("Ann ann@example.com", [("Ann", "ann@example.com")]),
        ("<ann@example.com", [("", "ann@example.com")]),
        ('"ann.lee"@example.com', [("", "ann.lee@example.com")]),
        ("<@relay,@hub:ann@example.com>", [("", "ann@example.com")]),
        ("=?utf-8?B?6rmA7LKg7IiY?= <kim@example.co.kr>", [("김철수", "kim@example.co.kr")]),
        ('"=?utf-8?B?6rmA7LKg7IiY?=" <kim@example.co.kr>', [("김철수", "kim@example.co.kr")]),
        ("=?utf-8?Q?Lee,_Ann?= <ann@example.com>", [("Lee, Ann", "ann@example.com")]),
        ("김철수 <kim@예시.한국>", [("김철수", "kim@xn--vv4b11d.xn--3e0b707e")]),
        ('"Joe <joe@x.org>, Bob <bob@x.org>', [("Joe", "joe@x.org"), ("Bob", "bob@x.org")]),
        ("<a@x.org, b@x.org>", [("", "a@x.org"), ("", "b@x.org")]),
        ("postmaster, a@x.org", [("", "a@x.org")]),
        ("a@x.org,,, ;b@x.org", [("", "a@x.org"), ("", "b@x.org")]),
        ("a@x.org, A <a@X.org>", [("", "a@x.org")]),
    ],
)
def test_lists_are_read_as_people_write_them(value: str, expected: list[tuple[str, str]]) -> None:
    """Groups, comments, missing brackets, wrong separators: the mailboxes that a reader sees."""
    assert to(value) == expected


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Bob <bob@example.org>", "Bob"),
        ("bob@example.org", ""),
        ("<bob@example.org>", ""),
        ("bob@example.org <bob@example.org>", "bob@example.org"),
        ("Bob (sales) <bob@example.org>", "Bob"),
        ('"Bob\'s \\"shop\\"" <bob@example.org>', 'Bob\'s "shop"'),
    ],
)
def test_a_plain_author_is_certain(value: str, name: str) -> None:
    """One mailbox, read alike by everybody, is the author."""
    message = letter(f"From: {value}")
    assert message.sender is not None
    assert (message.sender.name, message.sender.address) == (name, "bob@example.org")
    assert message.sender_certain


@pytest.mark.parametrize(
    "fields",
    [
        ["From: alice@corp.org <bob@evil.org>"],
        ["From: alice@corp.org)bob@evil.org"],
        ["From: <alice@corp.org><bob@evil.org>"],
        ["From: alice@corp.org, <bob@evil.org>"],
        ["From: alice@corp.org bob@evil.org"],
        ["From: alice@corp.org", "From: bob@evil.org"],
        ["From: bob@evil.org", "From: alice@corp.org"],
        ['From: "alice@corp.org" <>'],
        ["From: bob(alice@corp.org)@evil.org"],
        ["From: <bob@evil.org>:<alice@corp.org>"],
        ["From: bob@evil.org(<alice@corp.org>"],
        ["From: <bob@evil.org"],
        ["From: bob"],
        ["From: "],
        ["To: a@x.org"],
    ],
)
def test_contradictions_make_the_author_uncertain(fields: list[str]) -> None:
    """Where two readers may disagree, identity is unknown or uncertain (case S7)."""
    assert not letter(*fields).sender_certain


@pytest.mark.parametrize(
    "value", ["alice@corp.org <bob@evil.org>", '"alice@corp.org" <bob@evil.org>']
)
def test_a_display_name_is_never_the_address(value: str) -> None:
    """The mailbox in brackets is the author, whatever stands before it (CVE-2023-27043)."""
    sender = letter(f"From: {value}").sender
    assert sender is not None
    assert sender.address == "bob@evil.org"


def test_several_authors_are_nobody() -> None:
    """Neither of two From mailboxes is believed, nor is Sender (case S7)."""
    message = letter("From: a@x.org, b@x.org", "Sender: c@x.org")
    assert message.sender is None
    assert not message.sender_certain
    assert "several mailboxes" in " ".join(message.defects)


def test_another_sender_is_a_doubt() -> None:
    """A letter sent in somebody's name says so; its author stays, but is not certain."""
    message = letter("From: ann@x.org", "Sender: bot@y.org")
    assert message.sender is not None
    assert message.sender.address == "ann@x.org"
    assert not message.sender_certain
    assert "bot@y.org" in " ".join(message.defects)
    assert letter("From: ann@x.org", "Sender: Ann <ann@X.org>").sender_certain


def test_a_comment_within_an_address_is_no_address() -> None:
    """Everybody gets the same canonical address, marked as uncertain (case S8)."""
    message = letter("From: attacker(&email=victim@x&)@attacker.com")
    assert message.sender is not None
    assert message.sender.address == "attacker@attacker.com"
    assert not message.sender_certain


@pytest.mark.parametrize("value", ["=?utf-8?q?ann=40x.org?=", '"a b"@x.org', "a@[127.0.0.1]", "@"])
def test_what_is_no_plain_address_is_nobody(value: str) -> None:
    """Encoded addresses, quoted blanks and literals are refused, not repaired."""
    assert letter(f"From: {value}").sender is None


def test_names_are_harmless() -> None:
    """Line ends and direction overrides do not survive in a name (case S13)."""
    message = letter("From: =?utf-8?q?Ann=0d=0aBcc:_x=e2=80=ae?= <ann@x.org>")
    assert message.sender is not None
    assert message.sender.name == "Ann Bcc: x"


def test_reply_to_and_cc() -> None:
    """The other lists are read alike."""
    message = letter("From: a@x.org", "Reply-To: B <b@x.org>", "Cc: c@x.org", "Cc: d@x.org")
    assert [address.address for address in message.reply_to] == ["b@x.org"]
    assert [address.address for address in message.cc] == ["c@x.org", "d@x.org"]


def test_delivered_to() -> None:
    """Every field that names the mailbox of delivery counts once, in canonical form."""
    message = letter(
        "Delivered-To: Support@Example.org",
        "X-Original-To: info@example.org",
        "Envelope-To: support@example.org",
        "Delivered-To: mailing list x@y@z",
    )
    assert message.delivered_to == ("support@example.org", "info@example.org")
