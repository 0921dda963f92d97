"""Certificates made on the spot, for servers on loopback."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

NAMES = ("localhost", "127.0.0.1")


class Certificates:
    """An authority of its own and one certificate for `localhost` and 127.0.0.1, in a folder.

    Attributes:
        ca_file: the authority's certificate (PEM), for a client to trust.
        cert_file: the server's certificate chain (PEM).
        key_file: the server's private key (PEM).
    """

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        issued = authority.issue_cert(*NAMES)
        self.ca_file = folder / "ca.pem"
        self.cert_file = folder / "cert.pem"
        self.key_file = folder / "key.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        issued.private_key_pem.write_to_path(self.key_file)
        for number, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(self.cert_file, append=number > 0)

    def server_context(self) -> ssl.SSLContext:
        """Return the context of a server that shows this certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.cert_file, self.key_file)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return the context of a client that trusts this authority alone."""
        return ssl.create_default_context(cafile=str(self.ca_file))
