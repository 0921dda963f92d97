"""Mail addresses in one canonical form, used wherever two addresses are compared."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import idna

from plugdesk.i18n import lazy_gettext

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f()<>\[\]:;,\\\"]")
_LONGEST = 254  # RFC 5321, 4.5.3.1.3: a path has 256 octets, two of them angle brackets


def canonical_address(text: str) -> str:
    """Return the one form of a mail address that the desk stores and compares.

    The local part is case-folded: RFC 5321 (2.4) lets servers tell `Ann@` from `ann@`, none in
    use does, and two persons for one mailbox would be the greater harm. The domain becomes its
    ASCII form (RFC 5891). Comments, quoted local parts and address literals are refused, since
    two readers can disagree about them.

    Raises ValueError when `text` is not exactly one plain address.
    """
    text = unicodedata.normalize("NFC", text.strip())
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain or "@" in local or _FORBIDDEN.search(text):
        msg = lazy_gettext("%(address)s is not a mail address.", address=repr(text[:80]))
        raise ValueError(msg)
    if any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in text):
        msg = lazy_gettext("%(address)s contains invisible characters.", address=repr(text[:80]))
        raise ValueError(msg)
    address = f"{local.casefold()}@{_ascii_domain(domain)}"
    if len(address.encode()) > _LONGEST:
        msg = lazy_gettext(
            "%(address)s is longer than %(number)s bytes.",
            address=repr(address[:80]),
            number=_LONGEST,
        )
        raise ValueError(msg)
    return address


def _ascii_domain(domain: str) -> str:
    folded = domain.rstrip(".").casefold()
    if folded.isascii():
        if not folded or ".." in folded or folded.startswith("."):
            msg = lazy_gettext("%(domain)s is not a domain.", domain=repr(domain[:80]))
            raise ValueError(msg)
        return folded
    try:
        return idna.encode(folded, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        msg = lazy_gettext("%(domain)s is not a domain.", domain=repr(domain[:80]))
        raise ValueError(msg) from error


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: a display name, possibly empty, and an address in canonical form."""

    name: str
    address: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", canonical_address(self.address))

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address
