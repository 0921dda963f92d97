"""Recipients as people type them."""

from __future__ import annotations

import re

from plugdesk.contract.addresses import Address
from plugdesk.errors import Refused
from plugdesk.i18n import gettext

MOST = 50
_NAMED = re.compile(r'\s*"?([^"<>]*?)"?\s*<([^<>]+)>\s*')
_LONGEST = 20_000


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Return the recipients in a field such as `Mina <mina@example.com>, jun@example.com`.

    Raises Refused with the part that is no address.
    """
    parts = _split(text) if len(text) <= _LONGEST else []
    if len(parts) > MOST or len(text) > _LONGEST:
        raise Refused(gettext("These are too many recipients."))
    return tuple(_parse(part) for part in parts)


def format_addresses(addresses: list[dict[str, str]]) -> str:
    """Return stored recipients as the field shows them."""
    return ", ".join(_format(entry.get("name", ""), entry["address"]) for entry in addresses)


def _split(text: str) -> list[str]:
    """Split at commas, semicolons and line ends outside of quotes."""
    parts, quoted = [""], False
    for character in text:
        quoted = quoted != (character == '"')
        if character in ",;\n" and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _format(name: str, address: str) -> str:
    if not name:
        return address
    plain = name.replace('"', "").replace("<", "").replace(">", "")
    return f'"{plain}" <{address}>' if re.search(r"[,;]", plain) else f"{plain} <{address}>"


def _parse(part: str) -> Address:
    named = _NAMED.fullmatch(part)
    name, address = named.groups() if named else ("", part)
    try:
        return Address(" ".join(name.split()), address)
    except ValueError:
        raise Refused(
            gettext("“%(text)s” is not a mail address. Correct it or leave it out.", text=part[:80])
        ) from None
