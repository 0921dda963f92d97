"""The production web server: waitress, stopped gracefully and guarded against slow clients.

One thread reads and writes all connections, and a request reaches a worker thread only when it is
complete; so a slow client costs a connection, never a thread. Binding is apart from serving, so
that the port answers at once while the application is still being built: connections wait in the
listener's queue. Why waitress: docs/decisions/wsgi-server.md.

    listener = bind("127.0.0.1", 8025)
    serve(create_app(), listener, threads=4, ready=print)
"""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Protocol
from weakref import WeakKeyDictionary
from wsgiref.types import WSGIApplication

import waitress
from waitress import wasyncore

from plugdesk.errors import ConfigError
from plugdesk.i18n import gettext

__all__ = ["Limits", "Server", "address", "bind", "serve"]

BACKLOG = 512
TICK_SECONDS = 0.5


@dataclass(frozen=True)
class Limits:
    """What one client may cost.

    Sizes are in bytes, times in seconds. Up to `answer_bytes` of an answer wait on our disk for a
    client that reads slowly; beyond that its worker thread waits too. A request that is still
    arriving after `grace_seconds` has to have brought `body_rate` bytes for each further second, or
    its connection is closed. A connection without a request closes after `idle_seconds`.
    `stop_seconds` is how long a graceful stop waits for requests in flight.
    """

    header_bytes: int = 64 * 1024
    body_bytes: int = 64 * 1024 * 1024
    answer_bytes: int = 256 * 1024 * 1024
    grace_seconds: float = 20
    body_rate: int = 4096
    idle_seconds: int = 75
    connections: int = 1000
    stop_seconds: float = 20


class _Request(Protocol):
    body_bytes_received: int


class _Channel(Protocol):
    """The part of waitress's connection that we look at."""

    request: _Request | None  # arriving
    requests: list[_Request]  # complete, waiting for or in a worker thread
    total_outbufs_len: int
    will_close: bool


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises `ConfigError` when the address cannot be had.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, where = found[0]
        return socket.create_server(where[:2], family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as problem:
        sentence = gettext(
            "Plugdesk cannot listen on %(host)s port %(port)s: %(problem)s. "
            "Stop the program that holds it, or choose another host or port.",
            host=host,
            port=port,
            problem=problem,
        )
        raise ConfigError(sentence) from problem


def address(listener: socket.socket) -> str:
    """Return the address of a listening socket for a browser, such as `http://127.0.0.1:8025`."""
    if listener.family == getattr(socket, "AF_UNIX", None):
        return f"unix:{listener.getsockname()}"
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server:
    """Serves one application on one listening socket until it is told to stop."""

    def __init__(
        self,
        app: WSGIApplication,
        listener: socket.socket,
        *,
        threads: int = 4,
        limits: Limits | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.stopping = threading.Event()
        self._arriving: WeakKeyDictionary[_Request, float] = WeakKeyDictionary()
        self._next_look = 0.0
        self._map: dict[int, object] = {}
        # A full queue is the ordinary state of a busy server, not a warning for each request.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._waitress = waitress.create_server(
            app,
            map=self._map,
            sockets=[listener],
            threads=threads,
            backlog=BACKLOG,
            ident=None,
            max_request_header_size=self.limits.header_bytes,
            max_request_body_size=self.limits.body_bytes + 1,
            channel_timeout=self.limits.idle_seconds,
            cleanup_interval=min(30, self.limits.idle_seconds),
            connection_limit=self.limits.connections,
            # A worker thread hands a download over (to a temporary file) and is free again.
            outbuf_high_watermark=self.limits.answer_bytes,
        )

    def run(self) -> None:
        """Serve until `stop` is called; then finish the requests in flight and return.

        The listening socket is closed first, so that new clients meet the next server or none.
        """
        while not self.stopping.is_set():
            self._turn()
        self._finish()

    def stop(self) -> None:
        """Begin a graceful stop; may be called from any thread, from a signal handler, twice."""
        self.stopping.set()
        if self._map:
            self._waitress.pull_trigger()

    def _turn(self) -> None:
        """Move bytes once, for at most a tick."""
        wasyncore.loop(timeout=TICK_SECONDS, use_poll=True, map=self._map, count=1)
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + TICK_SECONDS
            self._cut_slow_clients(now)

    def _channels(self) -> list[_Channel]:
        return list(self._waitress.active_channels.values())

    def _cut_slow_clients(self, now: float) -> None:
        """Close connections whose request has been arriving too slowly.

        Waitress alone cuts only a client that is silent; one that drips a byte now and then would
        hold its connection for ever (the attack known as Slowloris).
        """
        for channel in self._channels():
            request = channel.request
            if request is None:
                continue
            since = now - self._arriving.setdefault(request, now)
            earned = request.body_bytes_received / self.limits.body_rate
            if since > self.limits.grace_seconds + earned:
                channel.will_close = True

    def _finish(self) -> None:
        """Let the requests in flight end, within `stop_seconds`, and close everything."""
        wasyncore.dispatcher.close(self._waitress)  # its own close() also ends the wake-up pipe
        deadline = time.monotonic() + self.limits.stop_seconds
        while time.monotonic() < deadline and self._close_idle():
            self._turn()
        self._waitress.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map, ignore_all=True)

    def _close_idle(self) -> bool:
        """Mark connections without work for closing; say whether any connection is left."""
        channels = self._channels()
        for channel in channels:
            if not (channel.request or channel.requests or channel.total_outbufs_len):
                channel.will_close = True
        return bool(channels)


def serve(
    app: WSGIApplication,
    listener: socket.socket,
    *,
    threads: int = 4,
    ready: Callable[[str], None] | None = None,
    limits: Limits | None = None,
) -> None:
    """Serve `app` until SIGTERM or SIGINT (Ctrl-C), then stop gracefully and return.

    `ready` is called with the address when requests begin to be answered. A second signal acts as
    it would have without us: it ends the process at once. Must be called in the main thread.
    """
    server = Server(app, listener, threads=threads, limits=limits)
    with _stopping_on_signals(server):
        if ready is not None:
            ready(address(listener))
        server.run()


@contextmanager
def _stopping_on_signals(server: Server) -> Iterator[None]:
    """Let the first SIGTERM or SIGINT stop the server, and restore the handlers with it."""
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in signals}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(_number: int, _frame: FrameType | None) -> None:
        restore()
        server.stop()

    for number in signals:
        signal.signal(number, stop)
    try:
        yield
    finally:
        restore()
