"""The site's secret key: encryption at rest and signatures, each purpose with a key of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from plugdesk.errors import ConfigError
from plugdesk.i18n import gettext, lazy_gettext

_KEY_BYTES = 32


class Keys:
    """Keys derived from the site's one secret (HMAC-SHA256 as a key derivation, RFC 5869)."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _KEY_BYTES:
            msg = gettext(
                "The site's secret key is too short. Restore secret.key from your backup."
            )
            raise ConfigError(msg)
        self._secret = secret

    @classmethod
    def from_file(cls, path: Path) -> Keys:
        """Read the key file. Raises ConfigError when it is missing or damaged."""
        try:
            return cls(bytes.fromhex(path.read_text(encoding="ascii").strip()))
        except FileNotFoundError:
            msg = gettext(
                "%(path)s is missing. Without it stored passwords cannot be read: restore it.",
                path=path,
            )
            raise ConfigError(msg) from None
        except (ValueError, UnicodeDecodeError):
            msg = gettext(
                "%(path)s is damaged: it should hold %(number)s hexadecimal digits.",
                path=path,
                number=_KEY_BYTES * 2,
            )
            raise ConfigError(msg) from None

    @staticmethod
    def create_file(path: Path) -> None:
        """Write a new random key, readable by its owner only. Never overwrites one."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes that are good for one purpose only."""
        return hmac.new(self._secret, purpose.encode(), hashlib.sha256).digest()

    def sign(self, purpose: str, text: str, *, length: int = 16) -> str:
        """Return a signature of `text` as lower-case base32, `length` characters of 5 bits."""
        digest = hmac.new(self.derive(purpose), text.encode(), hashlib.sha256).digest()
        return base64.b32encode(digest).decode("ascii").lower()[:length]

    def verify(self, purpose: str, text: str, signature: str) -> bool:
        """Compare in constant time."""
        expected = self.sign(purpose, text, length=max(len(signature), 16))
        return hmac.compare_digest(expected.encode(), signature.encode())

    def encrypt(self, text: str) -> str:
        """Encrypt a secret for the database."""
        return self._fernet().encrypt(text.encode()).decode("ascii")

    def decrypt(self, token: str) -> str:
        """Decrypt what `encrypt` made. Raises ConfigError when the key has changed."""
        try:
            return self._fernet().decrypt(token.encode()).decode()
        except InvalidToken:
            msg = lazy_gettext(
                "A stored secret cannot be read with this secret.key. Enter it again."
            )
            raise ConfigError(msg) from None

    def _fernet(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self.derive("encryption at rest")))
