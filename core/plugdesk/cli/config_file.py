"""The first `plugdesk.toml` of a site: every setting, explained and commented out."""

from __future__ import annotations

import json

from plugdesk.config import SiteConfig
from plugdesk.i18n import gettext as _


def render(chosen: dict[str, object]) -> str:
    """Return the file's text; the settings in `chosen` are in force, the others are comments."""
    parts = [
        _comment(
            _(
                "The settings of this site. A line that begins with # is not in force and shows"
                " the default. Each setting is also a variable, which wins over this file:"
                " PLUGDESK_PORT=9000. After a change, start Plugdesk again."
            )
        )
    ]
    for name, explanation in _explanations().items():
        default = SiteConfig.model_fields[name].get_default(call_default_factory=True)
        value = chosen.get(name, default)
        sign = "" if name in chosen else "# "
        parts.append(f"{_comment(explanation)}\n{sign}{name} = {_toml(value)}")
    return "\n\n".join(parts) + "\n"


def _explanations() -> dict[str, str]:
    return {
        "database": _(
            "The database. Empty is a file in this folder (SQLite), good for one machine. With"
            " PostgreSQL: postgresql+psycopg://user:password@host/name"
        ),
        "blobs": _(
            "Where raw mail and attachments lie. Empty is the folder blobs in this one; or another"
            " folder, or s3://bucket/prefix."
        ),
        "queue": _(
            "Where jobs wait. Empty is a file in this folder; database keeps them in PostgreSQL;"
            " or redis://host:6379/0"
        ),
        "host": _("Where pages are served. 0.0.0.0 listens on every network of this machine."),
        "port": _("0 takes a free port."),
        "public_url": _("The address at which people reach the desk: https://desk.example.com"),
        "trusted_hosts": _(
            "Host names that requests may name; the one in public_url is always among them."
        ),
        "trusted_proxies": _("How many reverse proxies stand in front of Plugdesk."),
        "threads": _("How many pages can be answered at once."),
        "workers": _(
            "How many jobs can run at once in this process; 0 leaves them to `plugdesk worker`."
        ),
        "language": _("The language for people whose own is not known: en or ko."),
        "timezone": _("The time zone for people whose own is not known: Asia/Seoul"),
        "poll_seconds": _("How often mailboxes are asked for mail where the server has no push."),
        "lease_seconds": _("How long a job may be silent before others take its work for lost."),
        "undo_seconds": _("How long a reply can be taken back before it leaves."),
        "parse_seconds": _("How long it may take to understand one message."),
        "parse_megabytes": _("How much memory it may take to understand messages."),
        "max_upload_megabytes": _("The largest upload, with all attachments of a reply."),
        "safe_mode": _("Load no plugin, to find out which one makes trouble."),
        "strict": _("Refuse to start when a plugin cannot be loaded; for tests."),
    }


def _comment(text: str, width: int = 96) -> str:
    lines: list[str] = []
    line = "#"
    for word in text.split():
        if len(line) + 1 + len(word) > width:
            lines.append(line)
            line = "#"
        line = f"{line} {word}"
    return "\n".join([*lines, line])


def _toml(value: object) -> str:
    # JSON's strings, numbers, booleans and lists are TOML's too.
    return json.dumps(value, ensure_ascii=False)
