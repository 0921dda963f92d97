"""The form that adds a mailbox: what it takes, refuses and fills in by itself."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugdesk.plugin import canonical_address
from plugdesk_mailbox import MailboxChannel, channels
from plugdesk_mailbox.network import ascii_host
from plugdesk_mailbox.providers import PROVIDERS, settings_for
from plugdesk_mailbox.settings import MailboxSettings
from pydantic import ValidationError

BASIC: dict[str, Any] = {
    "imap_host": "imap.desk.test",
    "smtp_host": "smtp.desk.test",
    "username": "support@desk.test",
    "password": "secret",
}


def settings(**changes: Any) -> MailboxSettings:
    """Return settings with some fields changed."""
    return MailboxSettings.model_validate(BASIC | changes)


def test_the_plugin_is_found() -> None:
    """The entry point leads to the module whose hook names the channel."""
    (point,) = entry_points(group="plugdesk", name="mailbox")
    assert point.load().channels() == [MailboxChannel] == channels()


def test_every_field_explains_itself() -> None:
    """The form is made of titles and descriptions; secrets are marked as such."""
    for name, field in MailboxSettings.model_fields.items():
        assert field.title, name
        assert field.description, name
        assert field.description.endswith("."), name


def test_the_usual_ports_are_preset() -> None:
    """Hosts, user name and password are enough."""
    made = settings()
    assert (made.imap_port, made.smtp_port, made.folders) == (993, 465, ["INBOX"])
    assert (made.sending_username, made.sending_password) == ("support@desk.test", "secret")


def test_blank_fields_of_a_form_are_none() -> None:
    """A form sends empty text where nothing was chosen."""
    made = settings(import_since="", ca_file="", sent_folder="")
    assert (made.import_since, made.ca_file, made.sent_folder) == (None, None, "")


def test_secrets_do_not_show() -> None:
    """Neither password appears in a repr or in JSON."""
    made = settings(password="canary-1", smtp_password="canary-2")
    assert "canary" not in repr(made) + made.model_dump_json()


@pytest.mark.parametrize("field", ["imap_security", "smtp_security"])
def test_clear_text_wants_a_tick(field: str) -> None:
    """Unencrypted connections beyond this machine are refused unless they are meant."""
    with pytest.raises(ValidationError, match="would not be encrypted"):
        settings(**{field: "none"})
    assert settings(**{field: "none", "allow_plaintext": True})
    host = field.replace("security", "host")
    for near in ("localhost", "127.0.0.1", "127.9.9.9", "::1"):
        assert settings(**{field: "none", host: near})


@pytest.mark.parametrize("bad", ["a\r\nb", "a\nb", "a\x00b", "a\u2028b", "\x7f", "\ud800"])
@pytest.mark.parametrize("field", ["username", "password", "smtp_password", "imap_host", "folders"])
def test_control_characters_are_refused(field: str, bad: str) -> None:
    """No line break reaches a command (CVE-2025-15366)."""
    with pytest.raises(ValidationError):
        settings(**{field: [bad] if field == "folders" else bad})


def test_folders_are_named_once() -> None:
    """INBOX is one folder in any case; order stays."""
    assert settings(folders=["inbox", "Shop", "INBOX"]).folders == ["INBOX", "Shop"]
    assert settings(folders="INBOX\r\n받은 편지함").folders == ["INBOX", "받은 편지함"]
    for bad in ([], [""], ["  "], ["x" * 256]):
        with pytest.raises(ValidationError):
            settings(folders=bad)


@given(st.text(max_size=60))
def test_suggesting_never_fails(address: str) -> None:
    """Whatever the owner types, the form opens."""
    assert isinstance(MailboxChannel.suggest(address), dict)


def test_suggestions_are_valid_settings() -> None:
    """What is filled in for each known provider is accepted by the form."""
    for provider in PROVIDERS:
        for domain in provider.domains:
            suggested = MailboxChannel.suggest(f"Shop@{domain}")
            made = MailboxSettings.model_validate({"password": "x", **suggested})
            assert made.username == canonical_address(f"shop@{domain}")
            assert made.imap_host == provider.imap_host


def test_unknown_providers_are_left_open() -> None:
    """No guessing for domains of one's own."""
    assert settings_for("support@desk.test") is None
    assert MailboxChannel.suggest("support@desk.test") == {}


def test_each_domain_has_one_provider() -> None:
    """The table does not contradict itself."""
    domains = [domain for provider in PROVIDERS for domain in provider.domains]
    assert len(domains) == len(set(domains))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("IMAP.Example.com.", "imap.example.com"),
        ("메일.한국", "xn--h32bq4v.xn--3e0b707e"),
        ("[::1]", "::1"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_hosts_have_an_ascii_form(host: str, expected: str) -> None:
    """Internationalised names work for name servers and certificates alike."""
    assert ascii_host(host) == expected
