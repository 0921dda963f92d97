"""Names of folders, as IMAP writes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from plugdesk.testing.servers.imap_words import folder_name, quoted


def test_names_are_written_as_the_standard_shows() -> None:
    """The example of RFC 3501, section 5.1.3 comes out as printed there."""
    assert quoted("~peter/mail/台北/日本語") == '"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_name_comes_back(name: str) -> None:
    """A name that was written is read back as it was."""
    assert folder_name(f'(\\HasNoChildren) "/" {quoted(name)}'.encode("ascii")) == name
