"""The one place from which this plugin opens connections."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from pathlib import Path

import idna


def ascii_host(host: str) -> str:
    """Return the form of a host's name that name servers and certificates use (RFC 5891).

    Raises ValueError when `host` cannot be one.
    """
    host = host.strip().strip("[]").rstrip(".")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if host.isascii():
        return host.lower()
    return idna.encode(host, uts46=True).decode("ascii")


def dial(host: str, port: int, timeout: float) -> socket.socket:
    """Connect to `host`; every later read or write on the socket has the same time limit.

    Raises OSError, or ValueError for what is no host's name.
    """
    connection = socket.create_connection((ascii_host(host), port), timeout)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that verifies chain and name, trusting `ca_file` besides the system.

    Raises OSError or ssl.SSLError when `ca_file` cannot be read.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def secure(connection: socket.socket, host: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Begin TLS on `connection`, or close it and raise."""
    try:
        return context.wrap_socket(connection, server_hostname=ascii_host(host))
    except BaseException:
        connection.close()
        raise
