"""One canonical form for every address, wherever two are compared."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plugdesk.contract.addresses import Address, canonical_address

WORDS = st.text(min_size=1, max_size=30)


@given(st.one_of(WORDS, st.builds("{}@{}".format, WORDS, WORDS), st.emails()))
@example("\u0390@x.test")
@example("a@\u3002")
@example("a@xn--.test")
@example("\u1e9e\u0345@b\u00fccher.test")
@example("a@" + "ü" * 70)
@example("a@\u0130.test")
def test_a_canonical_address_is_its_own_form(text: str) -> None:
    """Any text is refused with ValueError, or has a form that stays as it is."""
    try:
        address = canonical_address(text)
    except ValueError:
        return

    assert canonical_address(address) == address
    assert canonical_address(f" {address} ") == address
    assert Address("", address).address == address
    assert address.count("@") == 1
    assert address.rpartition("@")[2].isascii()
    assert len(address.encode()) <= 254
    assert not set(address) & set(' ()<>[]:;,\\"\r\n\t\x00')


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        ("ann@example.com.", "ann@example.com"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("홍길동@한국.example", "홍길동@xn--3e0b707e.example"),
        ("cafe\u0301@x.test", "café@x.test"),
        ("attacker(&email=victim@x&)@attacker.com", None),
        ("attacker(comment)@attacker.com", None),
        ('"a b"@x.test', None),
        ("a@[127.0.0.1]", None),
        ("a@b@c", None),
        ("Ann <ann@x.test>", None),
        ("a\u202e@x.test", None),
        ("a@x\r\nBcc: b@y", None),
        ("a@", None),
        ("@x", None),
        ("a@.", None),
        ("a@x..y", None),
        ("", None),
    ],
)
def test_addresses(written: str, canonical: str | None) -> None:
    """Two readers can never disagree about one (case S8)."""
    if canonical is None:
        with pytest.raises(ValueError, match=r"."):
            canonical_address(written)
    else:
        assert canonical_address(written) == canonical
