"""`plugdesk accounts`, against a real mailbox."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest
from plugdesk.cli.settings_form import ask_settings, parse_assignments, prepared
from plugdesk.config import load_config
from plugdesk.demo.loading import load
from plugdesk.errors import Refused
from plugdesk.plugins.operations import enable
from plugdesk.site import Site
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.smtp import SmtpServer
from plugdesk.tickets.models import Ticket
from pydantic import BaseModel, Field, SecretStr
from sqlalchemy import func, select

from .conftest import Run


@pytest.fixture
def mail_site(site_folder: Path) -> Path:
    """A site with the mailbox plugin on."""
    with Site(load_config(site_folder)) as site:
        enable(site, "mailbox")
    return site_folder


def settings(mailbox: Mailbox, smtp_server: SmtpServer, bundle: Path) -> dict[str, object]:
    bundle.write_text(mailbox.server.ca_file.read_text() + smtp_server.ca_file.read_text())
    smtp_server.add_user(mailbox.address, mailbox.password)
    return {
        "imap_host": "127.0.0.1",
        "imap_port": mailbox.server.imap_port,
        "imap_security": "starttls",
        "username": mailbox.address,
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp_server.port,
        "smtp_security": "starttls",
        "ca_file": bundle,
    }


def mail(number: int) -> bytes:
    message = EmailMessage()
    message["From"] = "Ann <ann@example.com>"
    message["To"] = "support@desk.test"
    message["Subject"] = f"Question {number}"
    message["Message-ID"] = f"<{number}@example.com>"
    message.set_content("Hello?\n")
    return message.as_bytes()


def test_a_mailbox_is_added_checked_and_fetched(
    run: Run, mail_site: Path, mailbox: Mailbox, smtp_server: SmtpServer, tmp_path: Path
) -> None:
    """add asks for what is missing and tries it; fetch makes tickets and counts them."""
    values = settings(mailbox, smtp_server, tmp_path / "ca.pem")
    options = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    where = ("--site", mail_site)
    added = run("accounts", "add", mailbox.address, *options, *where, input=f"{mailbox.password}\n")
    assert added.exit_code == 0, added.output
    assert mailbox.password not in added.output
    assert "account 1" in added.output
    assert "The account works" in run("accounts", "check", "1", *where).output

    mailbox.server.deliver_many(mailbox.address, [mail(1), mail(2), mail(3)])
    fetched = run("accounts", "fetch", mailbox.address, *where)
    assert "3 new, 0 known, 0 quarantined" in fetched.output
    assert "0 new" in run("accounts", "fetch", "1", *where).output
    with Site(load_config(mail_site)) as site, site.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Ticket)) == 3
    listed = run("accounts", "list", *where).output
    assert mailbox.address in listed
    assert "active" in listed


def test_what_does_not_work_is_not_saved(
    run: Run, mail_site: Path, mailbox: Mailbox, smtp_server: SmtpServer, tmp_path: Path
) -> None:
    """A wrong password is shown as a failed check; `--no-check` saves all the same."""
    values = settings(mailbox, smtp_server, tmp_path / "ca.pem") | {"password": "wrong"}
    options = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    where = ("--no-input", "--site", mail_site)
    refused = run("accounts", "add", mailbox.address, *options, *where)
    assert refused.exit_code == 1
    assert "FAILS" in refused.output
    assert "There is no account" in run("accounts", "list", "--site", mail_site).output
    saved = run("accounts", "add", mailbox.address, *options, "--no-check", *where)
    assert saved.exit_code == 0, saved.output
    fetched = run("accounts", "fetch", "1", "--site", mail_site)
    assert fetched.exit_code == 1
    assert fetched.stderr.strip()


def test_missing_settings_are_named(run: Run, mail_site: Path) -> None:
    """Without asking, what is missing is named, and unknown settings are refused."""
    where = ("--no-input", "--no-check", "--site", mail_site)
    missing = run("accounts", "add", "a@unknown.example", *where)
    assert missing.exit_code == 1
    assert "imap_host" in missing.stderr
    unknown = run("accounts", "add", "a@unknown.example", "--set", "nonsense=1", *where)
    assert "nonsense" in unknown.stderr


def test_a_site_without_channels_says_what_to_do(run: Run, site_folder: Path) -> None:
    """Before a plugin with a channel is on, add names the command that switches one on."""
    result = run("accounts", "add", "a@example.com", "--site", site_folder)
    assert result.exit_code == 1
    assert "plugdesk plugins enable" in result.stderr


def test_an_unknown_account_is_a_sentence(run: Run, site_folder: Path) -> None:
    """check and fetch name the command that lists the accounts."""
    with Site(load_config(site_folder)) as site:
        load(site)
    assert "works" in run("accounts", "check", "help@dami.example", "--site", site_folder).output
    result = run("accounts", "fetch", "99", "--site", site_folder)
    assert "plugdesk accounts list" in result.stderr


class Form(BaseModel):
    """Settings of a channel."""

    host: str = Field(title="Server", description="Where mail lies.")
    secret: SecretStr = Field(title="Password")
    folders: list[str] = Field(default_factory=lambda: ["INBOX"], title="Folders")
    since: int | None = None


def test_fields_are_asked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Required fields only, or all; what was suggested or is the default stands there already."""
    asked: list[tuple[str, object, bool]] = []

    def prompt(text: str, *, default: str | None, hide_input: bool, **_options: object) -> str:
        asked.append((text, default, hide_input))
        return default or "typed"

    monkeypatch.setattr("click.prompt", prompt)
    answers = ask_settings(Form, {"host": "imap.example.com"}, given=(), ask_all=False)
    assert asked == [("Server", "imap.example.com", False), ("Password", None, True)]
    assert answers == {"host": "imap.example.com", "secret": "typed"}
    asked.clear()
    ask_settings(Form, {}, given=("host", "secret"), ask_all=True)
    assert asked == [("Folders", "INBOX", False), ("since", "", False)]


def test_typed_values_take_the_shape_of_the_model() -> None:
    """Lists are written with commas, an empty optional value is none."""
    typed = parse_assignments(["host=a=b", "folders=INBOX, 환불 요청", "since="])
    assert prepared(Form, typed) == {
        "host": "a=b",
        "folders": ["INBOX", "환불 요청"],
        "since": None,
    }
    with pytest.raises(Refused, match="KEY=VALUE"):
        parse_assignments(["nonsense"])
