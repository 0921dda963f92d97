"""A scripted SMTP server: a real one to its clients, on aiosmtpd, in a thread of the test."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from plugdesk.testing.servers.certificates import Certificates
from plugdesk.testing.servers.dovecot import Dovecot
from plugdesk.testing.servers.processes import HOST, wait_until
from plugdesk.testing.servers.smtp_script import ACCEPT, GREYLIST, At, Behaviour, Received, Records

SIZE_LIMIT = 50_000_000
"""Greatest size of a message in bytes, announced as SIZE (RFC 1870)."""

T = TypeVar("T")


class SmtpServer:
    """Listens from construction until `stop()`, with STARTTLS on one port and TLS on another.

    Each transaction (one MAIL FROM) takes the next behaviour of the script, then `default`.
    Once there is a user, nobody may send without signing in.

    Attributes:
        host: the address it listens on.
        port: SMTP with STARTTLS (a submission server's 587).
        tls_port: SMTP over TLS (465).
        ca_file: the authority (PEM) whose certificate it shows, for `localhost` and 127.0.0.1.
        default: the behaviour of transactions that the script says nothing about.
        refused: replies by recipient address, given instead of accepting that recipient.
        transactions: how often a client began one.
        folder: where the records lie; `Records(folder).read()` reads them from any process.
    """

    host = HOST

    def __init__(
        self, *, deliver_to: Dovecot | Callable[[str, bytes], object] | None = None
    ) -> None:
        """Start listening.

        *deliver_to* gets each recipient of each recorded message: a Dovecot puts it into the
        INBOX of its user with that address, a function is called with address and bytes.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="plugdesk-smtp-"))
        self._certificates = Certificates(self.folder)
        self.ca_file = self._certificates.ca_file
        self.default = ACCEPT
        self.refused: dict[str, str] = {}
        self.transactions = 0
        self.users: dict[str, str] = {}
        self._script: deque[Behaviour] = deque()
        self._received: list[Received] = []
        self._records = Records(self.folder)
        self._deliver_to = deliver_to
        self._connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp", daemon=True)
        self._thread.start()
        self._listeners = self._run(self._listen())
        self.port, self.tls_port = (
            int(listener.sockets[0].getsockname()[1]) for listener in self._listeners
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every connection and the server, and remove its folder."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # The script

    def add_user(self, name: str, password: str) -> None:
        """Let a user sign in, and refuse from now on whoever does not."""
        self.users[name] = password

    def script(self, *behaviours: Behaviour) -> None:
        """Set what the next transactions meet, one each, in place of what was still to come."""
        self._script = deque(behaviours)

    def greylist(self, times: int = 1) -> None:
        """Put off the next *times* transactions at their recipients."""
        self.script(*[GREYLIST] * times)

    def refuse(self, address: str, reply: str = "550 5.1.1 No such user here") -> None:
        """Refuse a recipient, for good unless *reply* begins with 4."""
        self.refused[address.lower()] = reply

    # What arrived

    @property
    def received(self) -> list[Received]:
        """The messages that the server took so far, in their order."""
        return list(self._received)

    def wait_for(self, count: int = 1, timeout: float = 10.0) -> list[Received]:
        """Wait until at least *count* messages arrived, and return all."""
        what = f"{count} message(s) at the SMTP server"
        wait_until(lambda: len(self._received) >= count, what, timeout)
        return self.received

    # For the connections

    def next_behaviour(self) -> Behaviour:
        """Begin a transaction: count it and take its behaviour off the script."""
        self.transactions += 1
        return self._script.popleft() if self._script else self.default

    async def take(self, received: Received) -> None:
        """Keep a message and deliver it to its recipients."""
        self._records.add(received)
        for address in received.rcpt_tos:
            await asyncio.to_thread(self._deliver, address, received.content)
        self._received.append(received)

    def _deliver(self, address: str, content: bytes) -> None:
        if isinstance(self._deliver_to, Dovecot):
            if self._deliver_to.has_user(address):
                self._deliver_to.deliver(address, content)
        elif self._deliver_to is not None:
            self._deliver_to(address, content)

    # Inner workings

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> list[asyncio.Server]:
        context = self._certificates.server_context()
        return [
            await self._loop.create_server(lambda: self._connect(context), HOST, 0),
            await self._loop.create_server(lambda: self._connect(None), HOST, 0, ssl=context),
        ]

    def _connect(self, starttls: ssl.SSLContext | None) -> _Connection:
        connection = _Connection(self, starttls, self._loop)
        self._connections.add(connection)
        return connection

    async def _close(self) -> None:
        for listener in self._listeners:
            listener.close()
        for connection in self._connections:
            connection.cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_default_executor()


class _Connection(SMTP):
    """One client's connection, which behaves as the server's script says."""

    def __init__(
        self,
        owner: SmtpServer,
        starttls: ssl.SSLContext | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.owner = owner
        self.behaviour = ACCEPT
        super().__init__(
            _Hooks(),
            hostname="localhost",
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            tls_context=starttls,
            auth_require_tls=starttls is not None,
            authenticator=self._sign_in,
            loop=loop,
        )

    def cut(self) -> None:
        """Close the connection at once, without a farewell on any layer."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    @property
    def encrypted(self) -> bool:
        """Whether TLS is on, from the start or since STARTTLS."""
        transport = self.transport
        return transport is not None and transport.get_extra_info("sslcontext") is not None

    async def misbehave(self, at: At) -> str | None:
        """Do what the script says of this moment; return the reply, or None for the usual."""
        behaviour = self.behaviour
        if behaviour.at is not at:
            return None
        await asyncio.sleep(behaviour.delay)
        if behaviour.drop:
            await self._drop(behaviour.reply)
        return behaviour.reply

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - named by aiosmtpd
        """Answer DATA (RFC 5321, section 4.1.1.4), unless the script cuts it short."""
        if self.behaviour.at is At.DATA and self.behaviour.drop:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
        reply = await self.misbehave(At.DATA)
        if reply is None:
            await super().smtp_DATA(arg)
        else:
            await self.push(reply)

    async def _drop(self, reply: str | None) -> None:
        if reply is not None:
            await self.push(reply)
            assert self.transport is not None
            self.transport.close()
        self.cut()
        raise asyncio.CancelledError

    def _sign_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        name = data.login.decode()
        known = self.owner.users.get(name) == data.password.decode()
        return AuthResult(success=known, handled=False, auth_data=name if known else None)


class _Hooks:
    """aiosmtpd's hooks: each returns the reply to a command."""

    async def handle_MAIL(  # noqa: N802 - named by aiosmtpd
        self,
        server: _Connection,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Begin a transaction, for whoever may."""
        if server.owner.users and not session.authenticated:
            return "530 5.7.0 Sign in first"
        server.behaviour = server.owner.next_behaviour()
        reply = await server.misbehave(At.MAIL)
        if reply is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return reply or "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd
        self,
        server: _Connection,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take a recipient, or refuse him."""
        reply = await server.misbehave(At.RCPT) or server.owner.refused.get(address.lower())
        if reply is None:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return reply or "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - named by aiosmtpd
        self, server: _Connection, session: Session, envelope: Envelope
    ) -> str:
        """Take the message, or refuse it, or vanish."""
        if server.behaviour.takes:
            await server.owner.take(_received(server, session, envelope))
        return await server.misbehave(At.DOT) or "250 2.0.0 Taken"


def _received(connection: _Connection, session: Session, envelope: Envelope) -> Received:
    sender = envelope.mail_from or ""
    behaviour = connection.behaviour
    return Received(
        mail_from="" if sender == "<>" else sender,
        rcpt_tos=tuple(envelope.rcpt_tos),
        content=envelope.original_content or b"",
        time=time.time(),
        user=session.auth_data if isinstance(session.auth_data, str) else None,
        tls=connection.encrypted,
        answered=not (behaviour.drop and behaviour.at is At.DOT),
    )
