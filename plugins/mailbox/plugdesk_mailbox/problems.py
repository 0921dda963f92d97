"""What goes wrong between us and a mail server, in sentences for its owner."""

from __future__ import annotations

import re
import socket
import ssl

from plugdesk.plugin import (
    ChannelError,
    ChannelSignedOut,
    ChannelUnavailable,
    LazyText,
    joined,
    lazy_gettext,
)

from plugdesk_mailbox.providers import provider_of_host
from plugdesk_mailbox.settings import Security

_LONGEST_QUOTE = 300

_PASSING_CODES = ("UNAVAILABLE", "LIMIT", "INUSE", "THROTTLED", "OVERQUOTA")
_LASTING_CODES = (
    "AUTHENTICATIONFAILED",
    "AUTHORIZATIONFAILED",
    "EXPIRED",
    "PRIVACYREQUIRED",
    "CONTACTADMIN",
)
_PASSING_WORDS = re.compile(
    r"too many|try again|try later|temporar|rate limit|throttl|unavailable|exceeded|"
    r"server error|internal error|maximum number of connections",
    re.IGNORECASE,
)
_IMAP_OFF_WORDS = re.compile(
    r"(imap|pop)\S*.{0,40}(disabled|not enabled|not allowed|switched off|turned off|사용)|"
    r"not enabled for imap|enable.{0,30}imap",
    re.IGNORECASE,
)


#: Why OpenSSL does not trust a certificate, by the codes of its x509_vfy.h.
_DISTRUST: dict[int, LazyText] = {
    10: lazy_gettext("it has expired"),
    18: lazy_gettext("it is self-signed"),
    19: lazy_gettext("it is self-signed"),
    20: lazy_gettext("nobody whom this machine trusts has signed it"),
    21: lazy_gettext("nobody whom this machine trusts has signed it"),
    62: lazy_gettext("it belongs to another name"),
    64: lazy_gettext("it belongs to another address"),
}


def words(answer: object) -> str:
    """Return a server's own words as one short printable line."""
    if isinstance(answer, (list, tuple)):
        text = " ".join(words(part) for part in answer if part is not None)
    elif isinstance(answer, (bytes, bytearray)):
        text = bytes(answer).decode("utf-8", "replace")
    else:
        text = str(answer)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…"


def is_passing(answer: object) -> bool:
    """Say whether a refusal asks us to come back later rather than to change something.

    Response codes come from RFC 5530; THROTTLED and many sentences only from providers.
    """
    text = words(answer)
    code = _response_code(text)
    if code in _PASSING_CODES:
        return True
    return code not in _LASTING_CODES and _PASSING_WORDS.search(text) is not None


def _response_code(text: str) -> str:
    found = re.match(r"\[([A-Z-]+)", text)
    return found[1] if found else ""


def sign_in_error(host: str, answer: object) -> ChannelError:
    """Return the error for a server that refused user name and password."""
    text = words(answer)
    if is_passing(text):
        return ChannelUnavailable(
            lazy_gettext(
                "%(host)s does not let us sign in at the moment: “%(words)s”. Nothing needs to be"
                " done.",
                host=host,
                words=text,
            )
        )
    return ChannelSignedOut(joined(_refusal(host, text), _advice(host)))


def _refusal(host: str, text: str) -> LazyText:
    if _IMAP_OFF_WORDS.search(text):
        return lazy_gettext(
            "%(host)s says that IMAP is switched off for this mailbox: “%(words)s”. Switch it on"
            " in the provider's mail settings.",
            host=host,
            words=text,
        )
    return lazy_gettext(
        "%(host)s does not accept this user name and password: “%(words)s”.", host=host, words=text
    )


def _advice(host: str) -> LazyText:
    provider = provider_of_host(host)
    if provider is not None and provider.advice:
        return lazy_gettext(provider.advice)
    return lazy_gettext("Check both and save them again.")


def place_of(host: str, port: int) -> LazyText:
    """Name a server and its port."""
    return lazy_gettext("%(host)s, port %(port)s", host=host, port=port)


def starttls_missing(host: str, port: int) -> LazyText:
    """Say that a server knows no STARTTLS, and what to choose instead."""
    place = place_of(host, port)
    if port in (25, 465, 587, 2525):
        return lazy_gettext(
            "%(place)s does not offer STARTTLS. Choose TLS, with port 465 if there is one.",
            place=place,
        )
    return lazy_gettext(
        "%(place)s does not offer STARTTLS. Choose TLS, with port 993 if there is one.", place=place
    )


def connection_problem(error: BaseException, host: str, port: int, security: Security) -> LazyText:
    """Say why no connection to `host` came about, or why it broke, and what to do."""
    place = place_of(host, port)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_problem(error, host)
    if isinstance(error, ssl.SSLError):
        return _tls_problem(error, place)
    if isinstance(error, socket.gaierror):
        return lazy_gettext(
            "There is no server named %(host)s. Check the spelling of the server's name.", host=host
        )
    if isinstance(error, TimeoutError):
        silent = lazy_gettext("%(place)s did not answer in time.", place=place)
        return joined(silent, *_timeout_advice(port, security))
    if isinstance(error, ConnectionRefusedError):
        refused = lazy_gettext("%(place)s refused the connection. Check the port:", place=place)
        return joined(refused, _usual_ports(port))
    if isinstance(error, ValueError):
        return lazy_gettext(
            "%(host)s cannot be the name of a server. Check its spelling.", host=repr(host)
        )
    return lazy_gettext(
        "The connection to %(place)s broke: %(reason)s.",
        place=place,
        reason=cause(error),
    )


def cause(error: BaseException) -> str | LazyText:
    """Say why a connection broke, in our words where the system's are well known."""
    own = error.args[0] if error.args else None
    if isinstance(own, LazyText):
        return own
    if isinstance(error, TimeoutError):
        return lazy_gettext("There was no answer in time")
    if isinstance(error, ConnectionError):
        return lazy_gettext("The server hung up")
    return words(error) or type(error).__name__


def _certificate_problem(error: ssl.SSLCertVerificationError, host: str) -> LazyText:
    return lazy_gettext(
        "The certificate of %(host)s cannot be trusted: %(reason)s. Check the server's name; for a"
        " server of your own, name its certificate authority in the settings.",
        host=host,
        reason=_DISTRUST.get(error.verify_code, words(error.verify_message).rstrip(".")),
    )


def _tls_problem(error: ssl.SSLError, place: LazyText) -> LazyText:
    reason = error.reason or words(error)
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
        return lazy_gettext(
            "%(place)s does not begin with TLS. Choose STARTTLS for this port, or use the port for"
            " TLS (993 for incoming, 465 for outgoing mail).",
            place=place,
        )
    return lazy_gettext(
        "No secure connection to %(place)s came about: %(reason)s.", place=place, reason=reason
    )


def _timeout_advice(port: int, security: Security) -> tuple[LazyText, ...]:
    if security is not Security.TLS and port in (993, 465):
        return (lazy_gettext("Port %(port)s expects TLS; choose it as the encryption.", port=port),)
    return lazy_gettext("Check the port and firewall:"), _usual_ports(port)


def _usual_ports(port: int) -> LazyText:
    if port in (25, 465, 587, 2525):
        return lazy_gettext("465 is usual for TLS and 587 for STARTTLS.")
    return lazy_gettext("993 is usual for TLS and 143 for STARTTLS.")


def unavailable(error: BaseException, host: str, port: int, security: Security) -> ChannelError:
    """Return the error for a connection that did not come about or broke."""
    return ChannelUnavailable(connection_problem(error, host, port, security))
