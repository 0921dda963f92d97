"""A site's configuration: `plugdesk.toml` in its folder, then `PLUGDESK_*` variables."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plugdesk.errors import ConfigError
from plugdesk.i18n import gettext

FILE_NAME = "plugdesk.toml"
PREFIX = "PLUGDESK_"
#: Variables with the prefix that are no settings of a site.
OTHER_VARIABLES = frozenset({"SITE", "CORPORA", "DEBUG", "TRACE_HOOKS"})


class SiteConfig(BaseModel):
    """What an owner may set. Each field is also a variable: `PLUGDESK_PORT=9000`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path
    """The site's folder. Not read from the file: it is where the file lies."""
    database: str = ""
    """A SQLAlchemy address; empty means SQLite in the site's folder."""
    blobs: str = ""
    """Where raw mail and attachments lie: a folder, or `s3://bucket/prefix`."""
    queue: str = ""
    """Where jobs wait: empty for SQLite in the site's folder, `database` to keep them in the
    site's own PostgreSQL, or a `redis://` address."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    """0 takes a free port and prints it."""
    public_url: str = ""
    """The address by which people reach the desk, such as `https://desk.example.com`."""
    trusted_hosts: list[str] = []
    """Host names that requests may name; with `public_url` its host is always among them."""
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    """How many reverse proxies stand in front and set `X-Forwarded-*`."""
    threads: int = Field(default=4, ge=1, le=256)
    """Threads that answer pages."""
    workers: int = Field(default=3, ge=0, le=64)
    """Threads that run jobs inside `plugdesk serve`; 0 leaves them to `plugdesk worker`."""
    language: Literal["en", "ko"] = "en"
    """For people whose own language is not known."""
    timezone: str = "UTC"
    poll_seconds: float = Field(default=120, gt=0)
    """How often accounts are asked for new messages where the server has no push."""
    lease_seconds: float = Field(default=900, gt=0)
    """How long a worker may be silent before others take its work for lost."""
    undo_seconds: float = Field(default=10, ge=0, le=120)
    """How long a reply can be taken back before it leaves."""
    parse_seconds: float = Field(default=6, gt=0)
    """Time limit for understanding one message."""
    parse_megabytes: int = Field(default=400, ge=128)
    """Memory limit of the process that understands messages."""
    max_upload_megabytes: int = Field(default=25, ge=1)
    """Limit for one request, attachments included."""
    safe_mode: bool = False
    """Load no plugin."""
    strict: bool = False
    """Refuse to start when a plugin is held; for CI."""

    @property
    def database_url(self) -> str:
        """The address of the database."""
        return self.database or f"sqlite:///{self.folder / 'plugdesk.db'}"

    @property
    def key_file(self) -> Path:
        """Holds the site's secret key; readable by its owner only, never in the database."""
        return self.folder / "secret.key"


def load_config(
    folder: Path, *, environ: Mapping[str, str] | None = None, **overrides: object
) -> SiteConfig:
    """Read the configuration of the site in `folder`.

    `overrides`, from command-line options, win over variables, which win over the file.
    Raises ConfigError with the offending line's name.
    """
    folder = folder.resolve()
    values = _from_file(folder / FILE_NAME)
    values.update(_from_environment(os.environ if environ is None else environ))
    values.update({name: value for name, value in overrides.items() if value is not None})
    try:
        return SiteConfig(folder=folder, **values)
    except ValidationError as error:
        raise ConfigError(_explain(error, folder / FILE_NAME)) from None


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        msg = gettext(
            "There is no site in %(folder)s. Make one with: plugdesk init %(folder)s",
            folder=path.parent,
        )
        raise ConfigError(msg)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = gettext("%(path)s is not valid TOML: %(error)s", path=path, error=error)
        raise ConfigError(msg) from None
    except OSError as error:
        msg = gettext("%(path)s cannot be read: %(error)s", path=path, error=error.strerror)
        raise ConfigError(msg) from None
    if "folder" in values:
        raise ConfigError("folder: " + gettext("There is no such setting."))
    return values


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, text in environ.items():
        name = variable.removeprefix(PREFIX)
        if name == variable or name in OTHER_VARIABLES or not text:
            continue
        field = name.lower()
        is_list = field == "trusted_hosts"
        values[field] = [part.strip() for part in text.split(",")] if is_list else text
    values.pop("folder", None)
    return values


def _explain(error: ValidationError, path: Path) -> str:
    lines = [
        gettext(
            "The configuration of this site cannot be used (%(path)s and PLUGDESK_* variables):",
            path=path,
        )
    ]
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            lines.append("  " + gettext("%(name)s: there is no such setting.", name=name))
        else:
            lines.append(f"  {name}: {problem['msg']}.")
    return "\n".join(lines)
