"""The web server on real sockets: answers, limits, slow clients and the graceful stop."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from plugdesk.errors import ConfigError
from plugdesk.web.server import Limits, Server, address, bind


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the size of the body."""
    size = len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(size).encode()]


@contextmanager
def running(
    app: WSGIApplication, *, threads: int = 2, limits: Limits | None = None
) -> Iterator[tuple[Server, int]]:
    """Run a server in a thread; yield it with its port, and stop it at the end."""
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = Server(app, listener, threads=threads, limits=limits)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server, port
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        yield client


def ask(port: int, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    """Make one request on a connection of its own; return its status and body."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request(method, "/", body)
        answer = client.getresponse()
        return answer.status, answer.read()
    finally:
        client.close()


def closed_by_server(client: socket.socket) -> bool:
    """Wait until the other side closes; anything that it says before counts as an answer."""
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


def test_answers_requests_on_a_free_port() -> None:
    """Port 0 takes a free port, and the address names it."""
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    assert address(listener) == f"http://127.0.0.1:{port}"
    listener.close()
    with running(echo) as (_, port):
        assert ask(port, "POST", b"12345") == (200, b"5")


def test_a_port_in_use_is_a_sentence() -> None:
    """A port that another program holds is refused with a sentence that says what to do."""
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port}.*choose another"):
            bind("127.0.0.1", port)


def test_connects_before_the_application_is_built() -> None:
    """A request sent after bind and before serve waits, and is answered."""
    listener = bind("127.0.0.1", 0)
    with connected(listener.getsockname()[1]) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        server = Server(echo, listener, threads=1)
        thread = threading.Thread(target=server.run)
        thread.start()
        assert client.recv(4096).startswith(b"HTTP/1.1 200 OK")
        server.stop()
        thread.join(10)


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_over_the_limit_is_413(chunked: bool) -> None:
    """A body at the limit is taken; one byte more is refused, whether its length is told or not."""
    reached: list[int] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reached.append(1)
        return echo(environ, start_response)

    def post(port: int, size: int) -> tuple[int, bytes]:
        if not chunked:
            return ask(port, "POST", b"x" * size)
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            client.request("POST", "/", iter([b"x" * size]), encode_chunked=True)
            answer = client.getresponse()
            return answer.status, answer.read()
        finally:
            client.close()

    with running(app, limits=Limits(body_bytes=1000)) as (_, port):
        if not chunked:
            assert post(port, 1000) == (200, b"1000")
        else:
            assert post(port, 900)[0] == 200
        assert post(port, 1001)[0] == 413
        assert len(reached) == 1


def test_headers_over_the_limit_are_431() -> None:
    """Headers larger than the limit are refused without reaching the application."""
    with running(echo, limits=Limits(header_bytes=1000)) as (_, port), connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 2000 + b"\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.0 431")


def test_the_answer_does_not_name_the_server() -> None:
    """No Server header tells an attacker what to try."""
    with running(echo) as (_, port), connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"\r\nserver:" not in client.recv(4096).lower()


@pytest.mark.parametrize(
    "start",
    [b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n"],
    ids=["headers", "body"],
)
def test_a_request_that_drips_is_cut(start: bytes) -> None:
    """A client that sends a byte now and then loses its connection; others do not notice."""
    limits = Limits(grace_seconds=0.3, body_rate=1000)
    with running(echo, threads=1, limits=limits) as (_, port), connected(port) as client:
        client.sendall(start)
        client.settimeout(0.05)
        until(lambda: drip(client) and ask(port)[0] == 200, seconds=5)


def drip(client: socket.socket) -> bool:
    """Send one byte; say whether the connection has been closed."""
    try:
        client.sendall(b"X")
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_steady_upload_is_not_cut() -> None:
    """A body that arrives faster than the least rate may take longer than the grace."""
    limits = Limits(grace_seconds=0.2, body_rate=100)
    with running(echo, limits=limits) as (_, port), connected(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1500\r\n\r\n")
        for _ in range(15):
            client.sendall(b"x" * 100)
            time.sleep(0.08)
        assert client.recv(4096).endswith(b"1500")


class Gate:
    """An application that tells when a request is inside, and holds it until it is let go."""

    def __init__(self) -> None:
        self.inside = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.inside.set()
        assert self.let_go.wait(10)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]


def test_stop_finishes_the_request_in_flight() -> None:
    """A stop answers the request in flight, ends idle connections, and takes no new ones."""
    gate = Gate()
    with running(gate) as (server, port), connected(port) as idle, connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert gate.inside.wait(10)
        server.stop()
        assert closed_by_server(idle)
        until(lambda: not accepts(port))
        gate.let_go.set()
        answer = b"".join(iter(lambda: client.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(b"done")


def test_stop_waits_no_longer_than_it_was_told() -> None:
    """A request that never ends does not keep the server from stopping."""
    gate = Gate()
    with (
        running(gate, limits=Limits(stop_seconds=0.2)) as (server, port),
        connected(port) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert gate.inside.wait(10)
        server.stop()
        assert closed_by_server(client)
        gate.let_go.set()


def test_a_slow_reader_does_not_hold_a_worker_thread() -> None:
    """With one worker thread, a client that does not read its large answer stops nobody else."""

    def large(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x" * 30_000_000 if environ["PATH_INFO"] == "/large" else b"small"]

    with running(large, threads=1) as (_, port), connected(port) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(10)
        assert ask(port) == (200, b"small")


PROGRAM = """
import sys, time
from plugdesk.web.server import bind, serve

def app(environ, start_response):
    print("inside", flush=True)
    time.sleep(0.3)
    start_response("200 OK", [("Content-Length", "4")])
    return [b"done"]

serve(app, bind("127.0.0.1", 0), ready=lambda where: print(where, flush=True))
print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_stops_the_process_gracefully(number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C finish the request in flight, return from serve, and exit with 0."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        with connected(port) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert process.stdout.readline() == "inside\n"
            os.kill(process.pid, number)
            assert b"".join(iter(lambda: client.recv(4096), b"")).endswith(b"done")
        assert process.stdout.readline() == "stopped\n"
        assert process.wait(10) == 0


def accepts(port: int) -> bool:
    """Say whether somebody listens on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionError:
        return False
    return True


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
