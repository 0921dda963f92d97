"""What goes wrong between us and a mail server, in sentences for its owner."""

from __future__ import annotations

import re
import socket
import ssl

from plugdesk.plugin import ChannelError, ChannelSignedOut, ChannelUnavailable

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
            f"{host} does not let us sign in at the moment: “{text}”. Nothing needs to be done."
        )
    return ChannelSignedOut(" ".join(filter(None, (_refusal(host, text), _advice(host)))))


def _refusal(host: str, text: str) -> str:
    if _IMAP_OFF_WORDS.search(text):
        return (
            f"{host} says that IMAP is switched off for this mailbox: “{text}”. "
            "Switch it on in the provider's mail settings."
        )
    return f"{host} does not accept this user name and password: “{text}”."


def _advice(host: str) -> str:
    provider = provider_of_host(host)
    if provider is not None and provider.advice:
        return provider.advice
    return "Check both and save them again."


def connection_problem(error: BaseException, host: str, port: int, security: Security) -> str:
    """Say why no connection to `host` came about, or why it broke, and what to do."""
    place = f"{host}, port {port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_problem(error, host)
    if isinstance(error, ssl.SSLError):
        return _tls_problem(error, place)
    if isinstance(error, socket.gaierror):
        return f"There is no server named {host}. Check the spelling of the server's name."
    if isinstance(error, TimeoutError):
        return f"{place} did not answer in time. {_timeout_advice(port, security)}"
    if isinstance(error, ConnectionRefusedError):
        return f"{place} refused the connection. Check the port: {_usual_ports(port)}"
    if isinstance(error, ValueError):
        return f"{host!r} cannot be the name of a server. Check its spelling."
    return f"The connection to {place} broke: {words(error) or type(error).__name__}."


def _certificate_problem(error: ssl.SSLCertVerificationError, host: str) -> str:
    reason = (error.verify_message or words(error)).rstrip(".")
    return (
        f"The certificate of {host} cannot be trusted: {reason}. Check the server's name; for a "
        "server of your own, name its certificate authority in the settings."
    )


def _tls_problem(error: ssl.SSLError, place: str) -> str:
    reason = error.reason or words(error)
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
        return (
            f"{place} does not begin with TLS. Choose STARTTLS for this port, or use the port "
            "for TLS (993 for incoming, 465 for outgoing mail)."
        )
    return f"No secure connection to {place} came about: {reason}."


def _timeout_advice(port: int, security: Security) -> str:
    if security is not Security.TLS and port in (993, 465):
        return f"Port {port} expects TLS; choose it as the encryption."
    return f"Check the port and firewall: {_usual_ports(port)}"


def _usual_ports(port: int) -> str:
    if port in (25, 465, 587, 2525):
        return "465 is usual for TLS and 587 for STARTTLS."
    return "993 is usual for TLS and 143 for STARTTLS."


def unavailable(error: BaseException, host: str, port: int, security: Security) -> ChannelError:
    """Return the error for a connection that did not come about or broke."""
    return ChannelUnavailable(connection_problem(error, host, port, security))
