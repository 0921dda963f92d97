"""Our signed reply reference addresses a ticket, and nothing else passes for one."""

import secrets
import string

from hypothesis import given
from hypothesis import strategies as st
from plugdesk.settings.secrets import Keys
from plugdesk.tickets.references import find_reference, new_header_id

KEYS = Keys(secrets.token_bytes(32))
TICKETS = st.integers(min_value=1, max_value=10**15)


@given(TICKETS)
def test_finds_what_it_made(ticket_id: int) -> None:
    """A Message-ID that left with a ticket leads back to it."""
    found = find_reference(KEYS, [new_header_id(KEYS, ticket_id, "desk.test")])

    assert found is not None
    assert found.ticket_id == ticket_id


@given(TICKETS)
def test_survives_capitals_and_plus_addresses(ticket_id: int) -> None:
    """Servers that change case, and addresses that carry the reference, do no harm."""
    local = new_header_id(KEYS, ticket_id, "desk.test").partition("@")[0]

    for text in (local.upper() + "@DESK.TEST", f"support+{local}@desk.test"):
        found = find_reference(KEYS, ["<unrelated@x>", text])
        assert found is not None
        assert found.ticket_id == ticket_id


@given(TICKETS, st.integers(min_value=0), st.sampled_from(string.ascii_lowercase + "234567"))
def test_refuses_every_changed_character(ticket_id: int, where: int, instead: str) -> None:
    """One changed character anywhere before the @ makes it no reference (case S3)."""
    local, _, domain = new_header_id(KEYS, ticket_id, "desk.test").partition("@")
    place = where % len(local)
    forged = local[:place] + instead + local[place + 1 :]
    if forged == local:
        return

    found = find_reference(KEYS, [f"{forged}@{domain}"])

    assert found is None


@given(TICKETS, st.integers(min_value=1, max_value=20))
def test_refuses_truncated_signatures(ticket_id: int, missing: int) -> None:
    """A reference that lost its end, or all of its signature, is none (case S3)."""
    local = new_header_id(KEYS, ticket_id, "desk.test").partition("@")[0]

    assert find_reference(KEYS, [local[:-missing] + "@desk.test"]) is None
    assert find_reference(KEYS, [local.rpartition(".")[0] + ".@desk.test"]) is None


def test_refuses_another_sites_signature() -> None:
    """A reference signed with another key is none."""
    other = Keys(secrets.token_bytes(32))

    assert find_reference(KEYS, [new_header_id(other, 7, "desk.test")]) is None


@given(st.text())
def test_any_text_is_read_quietly(text: str) -> None:
    """Whatever stands in a header, looking for a reference does not fail."""
    assert find_reference(KEYS, [text]) is None
