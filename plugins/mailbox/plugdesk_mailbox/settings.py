"""What the owner tells about a mailbox; becomes the "add account" form."""

from __future__ import annotations

import ipaddress
import unicodedata
from datetime import date
from enum import StrEnum
from pathlib import Path

from plugdesk.plugin import N_, gettext
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

MEGABYTE = 1024 * 1024
_LONGEST_FOLDER = 255


class Security(StrEnum):
    """How a connection is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


#: The names of the choices, as the form shows them.
CHOICES = (N_("None"), N_("Automatic"), N_("Yes"), N_("No"))


class SaveSent(StrEnum):
    """Whether we put a copy of each answer into the Sent folder."""

    AUTO = "auto"
    YES = "yes"
    NO = "no"


class MailboxSettings(BaseModel):
    """One mailbox: where its mail is read and through which server answers leave."""

    model_config = ConfigDict(extra="forbid")

    imap_host: str = Field(
        title=N_("Incoming server"),
        description=N_("The IMAP server of your provider, such as imap.example.com."),
        min_length=1,
        max_length=253,
    )
    imap_port: int = Field(
        default=993,
        ge=1,
        le=65535,
        title=N_("Incoming port"),
        description=N_("993 for TLS, 143 for STARTTLS."),
    )
    imap_security: Security = Field(
        default=Security.TLS,
        title=N_("Incoming encryption"),
        description=N_("TLS unless your provider says otherwise."),
    )
    username: str = Field(
        title=N_("User name"),
        description=N_("Most often your whole mail address."),
        min_length=1,
        max_length=512,
    )
    password: SecretStr = Field(
        title=N_("Password"),
        description=N_("Gmail, Naver, Daum, Yahoo and iCloud want an app password here."),
    )
    folders: list[str] = Field(
        default_factory=lambda: ["INBOX"],
        min_length=1,
        max_length=100,
        title=N_("Folders"),
        description=N_("Which folders become tickets. The first is watched continuously."),
    )
    import_since: date | None = Field(
        default=None,
        title=N_("Import mail since"),
        description=N_("Leaves out what the server received before this day. Empty imports all."),
    )
    smtp_host: str = Field(
        title=N_("Outgoing server"),
        description=N_("The SMTP server of your provider, such as smtp.example.com."),
        min_length=1,
        max_length=253,
    )
    smtp_port: int = Field(
        default=465,
        ge=1,
        le=65535,
        title=N_("Outgoing port"),
        description=N_("465 for TLS, 587 for STARTTLS."),
    )
    smtp_security: Security = Field(
        default=Security.TLS,
        title=N_("Outgoing encryption"),
        description=N_("TLS for port 465, STARTTLS for port 587."),
    )
    smtp_username: str = Field(
        default="",
        max_length=512,
        title=N_("User name for sending"),
        description=N_("Only if it differs from the user name above."),
    )
    smtp_password: SecretStr = Field(
        default=SecretStr(""),
        title=N_("Password for sending"),
        description=N_("Only if it differs from the password above."),
    )
    from_name: str = Field(
        default="",
        max_length=200,
        title=N_("Name of the sender"),
        description=N_("What customers see before your address."),
    )
    signature: str = Field(
        default="",
        max_length=5000,
        title=N_("Signature"),
        description=N_("Stands below every answer."),
    )
    save_sent: SaveSent = Field(
        default=SaveSent.AUTO,
        title=N_("Keep copies of answers"),
        description=N_(
            "Automatic keeps one in the Sent folder unless the provider does so itself."
        ),
    )
    sent_folder: str = Field(
        default="",
        max_length=255,
        title=N_("Sent folder"),
        description=N_("Empty finds it by itself."),
    )
    max_message_size: int = Field(
        default=50 * MEGABYTE,
        ge=64 * 1024,
        le=1024 * MEGABYTE,
        title=N_("Largest message"),
        description=N_("In bytes. Of larger ones only the header is read, for the quarantine."),
    )
    ca_file: Path | None = Field(
        default=None,
        title=N_("Own certificate authority"),
        description=N_("A PEM file on this machine, for servers with a private certificate."),
    )
    allow_plaintext: bool = Field(
        default=False,
        title=N_("Allow unencrypted connections"),
        description=N_("Sends password and mail readable through the network. Avoid this."),
    )

    @field_validator("imap_host", "smtp_host", "username", "smtp_username", "from_name")
    @classmethod
    def _one_clean_line(cls, value: str) -> str:
        return without_controls(value.strip())

    @field_validator("password", "smtp_password")
    @classmethod
    def _clean_secret(cls, value: SecretStr) -> SecretStr:
        without_controls(value.get_secret_value())
        return value

    @field_validator("sent_folder")
    @classmethod
    def _clean_sent_folder(cls, value: str) -> str:
        return folder_name(value) if value else ""

    @field_validator("folders", mode="before")
    @classmethod
    def _lines_are_a_list(cls, value: object) -> object:
        return value.splitlines() if isinstance(value, str) else value

    @field_validator("import_since", "ca_file", mode="before")
    @classmethod
    def _blank_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("folders")
    @classmethod
    def _clean_folders(cls, value: list[str]) -> list[str]:
        return list(dict.fromkeys(folder_name(name) for name in value))

    @model_validator(mode="after")
    def _plaintext_is_chosen(self) -> MailboxSettings:
        for host, security in (
            (self.imap_host, self.imap_security),
            (self.smtp_host, self.smtp_security),
        ):
            if security is Security.NONE and not (self.allow_plaintext or is_loopback(host)):
                msg = gettext(
                    "The connection to %(host)s would not be encrypted. Choose TLS or STARTTLS, or"
                    " allow unencrypted connections.",
                    host=host,
                )
                raise ValueError(msg)
        return self

    @property
    def sending_username(self) -> str:
        """The user name for SMTP: its own, or else the one for IMAP."""
        return self.smtp_username or self.username

    @property
    def sending_password(self) -> str:
        """The password for SMTP: its own, or else the one for IMAP."""
        return self.smtp_password.get_secret_value() or self.password.get_secret_value()


def without_controls(text: str) -> str:
    """Return `text`, or raise ValueError if it has characters that end a protocol's line."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        msg = gettext("Line breaks and other control characters are not allowed here.")
        raise ValueError(msg)
    return text


def folder_name(name: str) -> str:
    """Return the one form of a folder's name; INBOX is the same in any case (RFC 3501, 5.1).

    Raises ValueError for empty or overlong names and for control characters.
    """
    name = without_controls(name)
    if not name.strip() or len(name) > _LONGEST_FOLDER:
        msg = gettext("A folder has a name of 1 to %(limit)s characters.", limit=_LONGEST_FOLDER)
        raise ValueError(msg)
    return "INBOX" if name.strip().upper() == "INBOX" else name


def is_loopback(host: str) -> bool:
    """Say whether `host` names this machine without asking any name server."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
