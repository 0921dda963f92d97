"""A private Dovecot: a real IMAP server with mailboxes that a test fills and inspects."""

from __future__ import annotations

import contextlib
import imaplib
import os
import shutil
import signal
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from plugdesk.testing.servers.certificates import Certificates
from plugdesk.testing.servers.dovecot_config import Accounts, render
from plugdesk.testing.servers.imap_words import (
    StoredMessage,
    append,
    ensure_folder,
    folder_name,
    match,
    ok,
    quoted,
    select,
    stored,
    uid_set,
)
from plugdesk.testing.servers.processes import (
    HOST,
    ServerError,
    ServerProcess,
    free_port,
    port_is_open,
    wait_until,
)
from plugdesk.testing.servers.requirements import find_program

START_ATTEMPTS = 5
STOP_SECONDS = 0.2
"""Enough for sessions to end; Dovecot's own helpers take a second, and need not."""


class Dovecot:
    """A Dovecot 2.3 of its own in a temporary folder, from construction until `stop()`.

    Users sign in with their address. All methods work through the server, so that its indexes,
    UIDs and running IDLE commands follow at once.

    Attributes:
        host: the address it listens on.
        imap_port: IMAP with STARTTLS; signing in without TLS is allowed too.
        imaps_port: IMAP over TLS.
        ca_file: the authority (PEM) whose certificate it shows, for `localhost` and 127.0.0.1.
    """

    host = HOST

    def __init__(self) -> None:
        program = find_program("dovecot")
        if program is None:
            message = "Dovecot is not installed. Install the Debian package dovecot-imapd."
            raise ServerError(message)
        self._program = program
        self._without: tuple[str, ...] = ()
        self._passwords: dict[str, str] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="plugdesk-dovecot-"))
        self._folder.chmod(0o755)
        self._certificates = Certificates(self._folder)
        self.ca_file = self._certificates.ca_file
        self._make_folders()
        self._process = self._start_on_free_ports()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # Life

    @property
    def pid(self) -> int:
        """The id of Dovecot's master process."""
        return self._process.pid

    @property
    def log(self) -> Path:
        """Dovecot's log file."""
        return self._folder / "dovecot.log"

    def stop(self) -> None:
        """End the server and remove its folder with all mail."""
        self._process.stop(timeout=STOP_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def restart(self) -> None:
        """End the server and every connection to it, and start it again on the same ports."""
        self.pause()
        self.resume()

    def pause(self) -> None:
        """End the server and every connection to it; its ports refuse until `resume()`."""
        self._process.stop(timeout=STOP_SECONDS)

    def resume(self) -> None:
        """Start the server again after `pause()`, on the same ports and with the same mail."""
        self._write_config()
        self._process = self._start()

    @contextlib.contextmanager
    def without(self, *capabilities: str) -> Iterator[None]:
        """Restart without announcing some capabilities (IDLE, CONDSTORE, QRESYNC, MOVE, ...).

        The full list is announced again after the block. The server only stops announcing them:
        a client that uses them unasked is still answered.
        """
        self._without = capabilities
        self.restart()
        try:
            yield
        finally:
            self._without = ()
            self.restart()

    # Users

    def add_user(self, address: str, password: str) -> None:
        """Create a user, or give an existing one another password."""
        known = self.has_user(address)
        self._passwords[address.lower()] = password
        line = f"{address.lower()}:{{PLAIN.B64}}{b64encode(password.encode()).decode()}::::::\n"
        fresh = self._folder / "users.new"
        fresh.write_text(line, encoding="utf-8")
        fresh.chmod(0o644)
        fresh.replace(self._user_file(address))
        if known:
            self._wait_for_sign_in(address, password, accepted=True)

    def remove_user(self, address: str) -> None:
        """Let a user no longer sign in; the mail stays."""
        password = self._passwords.pop(address.lower())
        self._user_file(address).unlink()
        self._wait_for_sign_in(address, password, accepted=False)

    def has_user(self, address: str) -> bool:
        """Tell whether there is such a user."""
        return address.lower() in self._passwords

    # Mail

    def deliver(
        self, user: str, raw: bytes, folder: str = "INBOX", flags: Iterable[str] = ()
    ) -> int:
        """Put one message into a folder, created if need be, and return its UID.

        IMAP serves lines that end in CRLF: bytes with such lines arrive as they are, and a bare
        LF becomes CRLF. *flags* are IMAP flags such as ``\\Seen``.
        """
        return self.deliver_many(user, [raw], folder, flags)[0]

    def deliver_many(
        self,
        user: str,
        raws: Iterable[bytes],
        folder: str = "INBOX",
        flags: Iterable[str] = (),
    ) -> list[int]:
        """Put messages into a folder in their order, and return their UIDs."""
        with self.client(user) as client:
            ensure_folder(client, folder)
            flag_list = "(" + " ".join(flags) + ")"
            return [append(client, folder, flag_list, raw) for raw in raws]

    def messages(self, user: str, folder: str = "INBOX") -> list[StoredMessage]:
        """Return a folder's messages by UID, without changing any flag."""
        with self.client(user) as client:
            select(client, folder, readonly=True)
            parts = ok(client.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])"))
            return [stored(part) for part in parts if isinstance(part, tuple)]

    def folders(self, user: str) -> list[str]:
        """Return the names of a user's folders."""
        with self.client(user) as client:
            lines = [line for line in ok(client.list()) if isinstance(line, bytes)]
            return sorted(folder_name(line) for line in lines)

    def create_folder(self, user: str, folder: str) -> None:
        """Create a folder; levels are parted by a slash. An existing one is left as it is."""
        with self.client(user) as client:
            ensure_folder(client, folder)

    def set_flags(
        self, user: str, uids: Sequence[int], flags: Iterable[str], folder: str = "INBOX"
    ) -> None:
        """Add flags to messages, as another mail client would."""
        with self.client(user) as client:
            select(client, folder)
            ok(client.uid("STORE", uid_set(uids), "+FLAGS", "(" + " ".join(flags) + ")"))

    def move(self, user: str, uids: Sequence[int], source: str, target: str) -> None:
        """Move messages to another folder, created if need be, as another mail client would."""
        with self.client(user) as client:
            ensure_folder(client, target)
            select(client, source)
            ok(client.uid("MOVE", uid_set(uids), quoted(target)))

    def delete(self, user: str, uids: Sequence[int], folder: str = "INBOX") -> None:
        """Delete messages for good, as another mail client would."""
        with self.client(user) as client:
            select(client, folder)
            ok(client.uid("STORE", uid_set(uids), "+FLAGS", r"(\Deleted)"))
            ok(client.expunge())

    def uidvalidity(self, user: str, folder: str = "INBOX") -> int:
        """Return a folder's UIDVALIDITY (RFC 3501, section 2.3.1.1)."""
        with self.client(user) as client:
            status = ok(client.status(quoted(folder), "(UIDVALIDITY)"))[0]
            return int(match(rb"UIDVALIDITY (\d+)", status)[1])

    def set_uidvalidity(self, user: str, folder: str, value: int) -> None:
        """Give a folder another UIDVALIDITY, greater or smaller; the UIDs stay.

        The user's connections are ended, as the old value must not be served any more.
        """
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(value), folder)
        self.doveadm("kick", user)

    def doveadm(self, *arguments: str) -> str:
        """Run Dovecot's administration tool on this instance and return what it printed."""
        done = subprocess.run(
            [find_program("doveadm") or "doveadm", "-c", self._config, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 68):
            message = f"doveadm {' '.join(arguments)} ended with {done.returncode}: {done.stderr}"
            raise ServerError(message)
        return done.stdout

    @contextlib.contextmanager
    def client(self, user: str) -> Iterator[imaplib.IMAP4]:
        """Sign in as a user for the length of a block, without TLS, as another mail client."""
        client = imaplib.IMAP4(self.host, self.imap_port, timeout=30)
        try:
            client.login(user, self._passwords[user.lower()])
            yield client
        finally:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                client.logout()

    # Inner workings

    @property
    def _config(self) -> Path:
        return self._folder / "dovecot.conf"

    def _make_folders(self) -> None:
        for name in ("run", "state", "users", "mail"):
            (self._folder / name).mkdir(mode=0o755)
        if os.getuid() == 0:
            os.chown(self._folder / "mail", *Accounts.usual().mail_ids)

    def _user_file(self, address: str) -> Path:
        return self._folder / "users" / address.lower()

    def _wait_for_sign_in(self, address: str, password: str, *, accepted: bool) -> None:
        """Wait until Dovecot has noticed a change: it looks at a known file once a second."""
        command = [find_program("doveadm") or "doveadm", "-c", self._config, "auth", "test"]
        command += [address, password]

        def noticed() -> bool:
            done = subprocess.run(command, capture_output=True, check=False)
            return (done.returncode == 0) == accepted

        wait_until(noticed, f"Dovecot notices the change of {address}")

    def _write_config(self) -> None:
        ports = (self.imap_port, self.imaps_port)
        text = render(self._folder, ports, self._certificates, self._without)
        self._config.write_text(text, encoding="utf-8")

    def _start_on_free_ports(self) -> ServerProcess:
        for attempt in range(1, START_ATTEMPTS + 1):
            self.imap_port, self.imaps_port = free_port(), free_port()
            self._write_config()
            try:
                return self._start()
            except ServerError:
                if attempt == START_ATTEMPTS:
                    shutil.rmtree(self._folder, ignore_errors=True)
                    raise
        raise AssertionError

    def _start(self) -> ServerProcess:
        command: list[str | Path] = [self._program, "-F", "-c", self._config]
        process = ServerProcess(command, self.log, death_signal=signal.SIGKILL)
        process.wait_ready(self._answers, "Dovecot")
        return process

    def _answers(self) -> bool:
        """Tell whether *this* instance listens: its process id is in its own folder."""
        ports = (self.imap_port, self.imaps_port)
        return (self._folder / "run" / "master.pid").exists() and all(map(port_is_open, ports))
