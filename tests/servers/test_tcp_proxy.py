"""The breaking proxy: bytes pass as they are until the fault that a test asked for."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.processes import HOST, port_is_open, wait_until
from plugdesk.testing.servers.tcp_proxy import Action, Fault, Side, TcpProxy


class Echo:
    """A server that sends back what it gets and keeps a copy."""

    def __init__(self) -> None:
        self.got = b""
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        """End the server."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                with self._listener.accept()[0] as client, contextlib.suppress(OSError):
                    while chunk := client.recv(65536):
                        self.got += chunk
                        client.sendall(chunk)


@pytest.fixture
def echo() -> Iterator[Echo]:
    """An echo server for one test."""
    server = Echo()
    yield server
    server.stop()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[TcpProxy]:
    """A proxy before the echo server."""
    with TcpProxy(HOST, echo.port) as running:
        yield running


def dial(proxy: TcpProxy) -> socket.socket:
    """Connect to the proxy."""
    return socket.create_connection((proxy.host, proxy.port), timeout=5)


def send_all(client: socket.socket, data: bytes) -> None:
    """Send data and say that it was all."""
    client.sendall(data)
    client.shutdown(socket.SHUT_WR)


def is_reset(proxy: TcpProxy) -> bool:
    """Tell whether a new connection is reset, while it is made or after."""
    try:
        with dial(proxy) as client:
            return read_all(client) == (b"", True)
    except ConnectionResetError:
        return True


def read_all(client: socket.socket) -> tuple[bytes, bool]:
    """Read to the end; tell whether that was a reset."""
    data = b""
    try:
        while chunk := client.recv(65536):
            data += chunk
    except ConnectionResetError:
        return data, True
    return data, False


def test_bytes_pass_both_ways_and_are_counted(proxy: TcpProxy, echo: Echo) -> None:
    """Without faults everything passes, also the end of what one side sends."""
    data = bytes(range(256)) * 2000
    with dial(proxy) as client:
        threading.Thread(target=send_all, args=(client, data)).start()
        assert read_all(client) == (data, False)
    assert (proxy.connections, proxy.bytes_from_client) == (1, len(data))
    assert proxy.bytes_from_server == len(data)


@pytest.mark.parametrize("side", [Side.CLIENT, Side.SERVER])
def test_a_cut_after_some_bytes_is_exact(proxy: TcpProxy, echo: Echo, side: Side) -> None:
    """Exactly as many bytes pass as the fault allows; then both ends are reset."""
    proxy.fail(Fault(side=side, after_bytes=10))
    with dial(proxy) as client:
        client.sendall(b"0123456789abcdef")
        data, reset = read_all(client)
    assert reset
    if side is Side.SERVER:
        assert data == b"0123456789"
    else:
        wait_until(lambda: echo.got == b"0123456789", "the server gets ten bytes")


@pytest.mark.parametrize("forward", [True, False])
def test_a_pattern_cuts_also_in_pieces(proxy: TcpProxy, echo: Echo, forward: bool) -> None:
    """A pattern that arrives in two pieces strikes, before or after its last byte passes."""
    proxy.fail(Fault(side=Side.CLIENT, pattern=b"\r\n.\r\n", forward_pattern=forward))
    with dial(proxy) as client:
        client.sendall(b"body\r\n.")
        wait_until(lambda: proxy.bytes_from_client == 7, "the first piece passes")
        client.sendall(b"\r\nmore")
        assert read_all(client)[1]
    expected = b"body\r\n.\r\n" if forward else b"body\r\n."
    wait_until(lambda: echo.got == expected, "the server gets what was let through")


def test_a_fault_strikes_as_often_as_asked(proxy: TcpProxy) -> None:
    """The first connection is cut, the next one is not."""
    fault = proxy.fail(Fault(side=Side.SERVER, after_bytes=1))
    for expected in (True, False):
        with dial(proxy) as client:
            client.sendall(b"xyz")
            client.shutdown(socket.SHUT_WR)
            assert read_all(client)[1] == expected
    assert fault.struck == 1


def test_a_stall_keeps_the_connection_open(proxy: TcpProxy) -> None:
    """After a stall nothing passes and nothing is closed, until all is cut."""
    proxy.fail(Fault(side=Side.SERVER, after_bytes=3, action=Action.STALL))
    with dial(proxy) as client:
        client.sendall(b"abcdef")
        assert client.recv(10) == b"abc"
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(10)
        client.settimeout(5)
        proxy.cut_all()
        assert read_all(client) == (b"", True)


def test_a_stalled_proxy_goes_on_when_healed(proxy: TcpProxy) -> None:
    """What was sent during a stall of the whole proxy arrives after it."""
    with dial(proxy) as client:
        proxy.stalled = True
        client.sendall(b"abc")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(10)
        client.settimeout(5)
        proxy.heal()
        assert client.recv(10) == b"abc"


def test_it_refuses_and_delays(proxy: TcpProxy) -> None:
    """A refusing proxy resets new connections; a delay holds data back."""
    proxy.refusing = True
    assert is_reset(proxy)
    proxy.heal()
    proxy.delay = 0.1
    with dial(proxy) as client:
        started = time.monotonic()
        client.sendall(b"abc")
        assert client.recv(10) == b"abc"
        assert time.monotonic() - started >= 0.2


def test_a_missing_target_is_a_reset() -> None:
    """When the target does not answer, the client's connection is reset."""
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        with TcpProxy(HOST, unused.getsockname()[1]) as proxy:
            assert is_reset(proxy)


def test_stopping_ends_everything(echo: Echo) -> None:
    """After stop() the port is closed and connections are reset."""
    with TcpProxy(HOST, echo.port) as proxy:
        client = dial(proxy)
        client.sendall(b"x")
        assert client.recv(1) == b"x"
    assert read_all(client) == (b"", True)
    assert not port_is_open(proxy.port)
    client.close()


def test_a_real_conversation_is_cut_mid_literal(mailbox: Mailbox) -> None:
    """An IMAP literal (RFC 3501, section 4.3) can be cut in its middle."""
    server = mailbox.server
    server.deliver(mailbox.address, b"Subject: x\r\n\r\n" + b"y" * 5000 + b"\r\n")
    with TcpProxy(server.host, server.imap_port) as proxy, dial(proxy) as client:
        proxy.fail(Fault(side=Side.SERVER, pattern=b"yyyy"))
        client.sendall(f"a LOGIN {mailbox.address} {mailbox.password}\r\n".encode())
        client.sendall(b"b SELECT INBOX\r\nc FETCH 1 BODY[]\r\n")
        data, reset = read_all(client)
    assert reset
    assert data.endswith(b"{5016}\r\nSubject: x\r\n\r\nyyyy")


@given(
    pieces=st.lists(st.binary(max_size=6), max_size=8),
    pattern=st.binary(min_size=1, max_size=4),
    forward=st.booleans(),
)
def test_a_pattern_is_found_however_it_is_split(
    pieces: list[bytes], pattern: bytes, forward: bool
) -> None:
    """The bytes let through end with the first pattern, whatever the pieces; the bytes of an
    unforwarded pattern that had passed in earlier pieces cannot be taken back."""
    fault = Fault(pattern=pattern, forward_pattern=forward)
    passed = b""
    for piece in pieces:
        limit = fault.limit(len(passed), passed, piece)
        if limit is not None:
            passed += piece[:limit]
            break
        passed += piece
    whole = b"".join(pieces)
    place = whole.find(pattern)
    if place < 0:
        assert passed == whole
    elif forward:
        assert passed == whole[: place + len(pattern)]
    else:
        assert whole.startswith(passed)
        assert place <= len(passed) < place + len(pattern)
