"""A TCP proxy on loopback that breaks connections at the moment a test asks for."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

from plugdesk.testing.servers.processes import HOST

CHUNK = 65536
TAIL = 4096
"""Bytes kept to find a pattern that arrives in pieces: the greatest length of a pattern."""
TICK = 0.05
"""Seconds between two looks at the faults while nothing arrives."""


class Side(StrEnum):
    """Who sends the bytes in question."""

    CLIENT = "client"
    SERVER = "server"


class Action(StrEnum):
    """What a fault does to its connection."""

    CUT = "cut"
    STALL = "stall"


@dataclass
class Fault:
    """A fault in what one side sends, counted over each connection from its start.

    Attributes:
        side: whose bytes are watched.
        after_bytes: strike when this many bytes have passed, exactly.
        pattern: strike when these bytes pass, also when they arrive in pieces.
        forward_pattern: whether the pattern still gets through before the fault strikes.
        action: cut both ways with a reset, or stall: keep both ends open and forward nothing.
        times: how many connections it strikes; None for all.
    """

    side: Side = Side.SERVER
    after_bytes: int | None = None
    pattern: bytes | None = None
    forward_pattern: bool = True
    action: Action = Action.CUT
    times: int | None = 1
    struck: int = field(default=0, init=False)

    def limit(self, passed: int, tail: bytes, chunk: bytes) -> int | None:
        """Return how many bytes of *chunk* still pass before the fault strikes, or None.

        *passed* counts the bytes before *chunk*; *tail* holds the last of them.
        """
        if self.times is not None and self.struck >= self.times:
            return None
        if self.after_bytes is not None and passed + len(chunk) >= self.after_bytes:
            return max(self.after_bytes - passed, 0)
        if self.pattern is None:
            return None
        window = tail[-(len(self.pattern) - 1) :] if len(self.pattern) > 1 else b""
        found = (window + chunk).find(self.pattern)
        if found < 0:
            return None
        end = found + (len(self.pattern) if self.forward_pattern else 0)
        return max(end - len(window), 0)


class TcpProxy:
    """Forwards connections to a target from construction until `stop()`.

    Attributes:
        host: the address it listens on.
        port: the port it listens on; clients connect here.
        refusing: close new connections with a reset, without asking the target.
        stalled: forward nothing on any connection while true, and keep both ends open.
        delay: seconds by which each piece of data is held back.
        faults: the faults that each connection may meet, by `fail()`.
        connections: how many connections were forwarded so far.
        bytes_from_client: bytes that passed towards the target, over all connections.
        bytes_from_server: bytes that passed towards clients, over all connections.
    """

    host = HOST

    def __init__(self, target_host: str, target_port: int) -> None:
        self._target = (target_host, target_port)
        self.refusing = False
        self.stalled = False
        self.delay = 0.0
        self.faults: list[Fault] = []
        self.connections = 0
        self.bytes_from_client = 0
        self.bytes_from_server = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._links: list[_Link] = []
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="tcp-proxy", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def fail(self, fault: Fault) -> Fault:
        """Add a fault, for connections that are open and those to come; returns it."""
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """Forward again as a plain proxy: no faults, no delay, no stall, no refusal."""
        self.faults.clear()
        self.refusing = self.stalled = False
        self.delay = 0.0

    def cut_all(self) -> None:
        """Reset every open connection now."""
        for link in self._links:
            link.cut()

    def stop(self) -> None:
        """End every connection and stop listening."""
        self._stopping.set()
        self.cut_all()
        self._thread.join()
        for link in self._links:
            link.join()

    # For the links

    @property
    def stopping(self) -> bool:
        """Whether `stop()` was called."""
        return self._stopping.is_set()

    def judge(self, side: Side, passed: int, tail: bytes, chunk: bytes) -> tuple[int, Fault | None]:
        """Return how many bytes of *chunk* pass, and the fault that strikes after them."""
        with self._lock:
            limits = [
                (limit, fault)
                for fault in self.faults
                if fault.side is side and (limit := fault.limit(passed, tail, chunk)) is not None
            ]
            if not limits:
                return len(chunk), None
            limit, fault = min(limits, key=lambda pair: pair[0])
            fault.struck += 1
            return limit, fault

    def count(self, side: Side, size: int) -> None:
        """Add to the bytes that passed."""
        with self._lock:
            if side is Side.CLIENT:
                self.bytes_from_client += size
            else:
                self.bytes_from_server += size

    def _accept(self) -> None:
        with self._listener:
            while not self.stopping:
                if select.select([self._listener], [], [], TICK)[0]:
                    self._welcome(self._listener.accept()[0])

    def _welcome(self, client: socket.socket) -> None:
        if self.refusing:
            _reset(client)
            return
        try:
            server = socket.create_connection(self._target, timeout=10)
        except OSError:
            _reset(client)
            return
        self.connections += 1
        self._links.append(_Link(self, client, server))


class _Link:
    """One forwarded connection: a thread for each direction."""

    def __init__(self, proxy: TcpProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._sockets = (client, server)
        self._closed = threading.Event()
        self._stalled = threading.Event()
        for each in self._sockets:
            each.settimeout(None)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._thread = threading.Thread(target=self._serve, args=(client, server), daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Reset both ends: wake both directions, which close the sockets."""
        self._closed.set()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RD)

    def join(self) -> None:
        """Wait until both directions have ended."""
        self._thread.join()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        way_back = threading.Thread(
            target=self._forward, args=(Side.SERVER, server, client), daemon=True
        )
        way_back.start()
        self._forward(Side.CLIENT, client, server)
        way_back.join()
        for each in self._sockets:
            if self._closed.is_set():
                _reset(each)
            else:
                each.close()

    def _forward(self, side: Side, source: socket.socket, target: socket.socket) -> None:
        """Move bytes one way until its end, which is passed on, or until the link is cut."""
        passed, tail = 0, b""
        try:
            while chunk := self._receive(source):
                allowed, fault = self._proxy.judge(side, passed, tail, chunk)
                time.sleep(self._proxy.delay)
                target.sendall(chunk[:allowed])
                self._proxy.count(side, allowed)
                passed += allowed
                tail = (tail + chunk[:allowed])[-TAIL:]
                if fault is not None:
                    self._strike(fault)
            if not self._closed.is_set():
                target.shutdown(socket.SHUT_WR)
        except OSError:
            self.cut()

    def _receive(self, source: socket.socket) -> bytes:
        """Return what arrived, or nothing at the end; a stall holds the bytes in the kernel."""
        while not self._closed.is_set():
            if self._is_stalled():
                self._closed.wait(TICK)
            elif select.select([source], [], [], TICK)[0] and not self._is_stalled():
                # Asked again: the stall may have begun while this waited for the bytes.
                return b"" if self._closed.is_set() else source.recv(CHUNK)
        return b""

    def _is_stalled(self) -> bool:
        return self._stalled.is_set() or self._proxy.stalled

    def _strike(self, fault: Fault) -> None:
        if fault.action is Action.CUT:
            self.cut()
        else:
            self._stalled.set()


def _reset(connection: socket.socket) -> None:
    """Close with a reset instead of a farewell."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
