"""A small HTTP client that keeps connections busy and measures each answer. Loopback only."""

import selectors
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Load:
    """What one run measured: `seconds` of the run and of every answer, in order of arrival."""

    seconds: float
    answers: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.answers) / self.seconds

    @property
    def p50(self) -> float:
        """The median answer, in milliseconds."""
        return median(self.answers) * 1000

    @property
    def p95(self) -> float:
        """The 95th percentile, in milliseconds."""
        return quantiles(self.answers, n=20)[-1] * 1000


class Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int, request: bytes) -> None:
        self.request = request
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.began = 0.0

    def send(self) -> None:
        """Ask for the page."""
        self.buffer = b""
        self.began = time.perf_counter()
        self.socket.sendall(self.request)

    def receive(self) -> bool:
        """Take in what has arrived; say whether the answer is complete."""
        piece = self.socket.recv(65536)
        if not piece:
            sentence = "The server closed a connection that it should have kept."
            raise ConnectionError(sentence)
        self.buffer += piece
        return is_complete(self.buffer)


def is_complete(answer: bytes) -> bool:
    """Say whether an answer with a Content-Length has arrived whole; only 200 is accepted."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    if b" 200 " not in head[:16]:
        raise ConnectionError(head.decode("latin-1"))
    _, _, rest = head.lower().partition(b"content-length:")
    return len(body) >= int(rest.split(b"\r\n", 1)[0])


def drive(port: int, path: str, *, connections: int, seconds: float, headers: str = "") -> Load:
    """Ask for `path` on `connections` at once for `seconds`, each anew once it is answered."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n".encode()
    clients = [Connection(port, request) for _ in range(connections)]
    try:
        began = time.perf_counter()
        answers = tuple(turns(clients, until=began + seconds))
        return Load(time.perf_counter() - began, answers)
    finally:
        for client in clients:
            client.socket.close()


def turns(clients: list[Connection], *, until: float) -> Iterable[float]:
    """Yield the seconds of each answer; nothing is under way any more when it ends."""
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.send()
        under_way = len(clients)
        while under_way:
            for key, _ in selector.select(timeout=10):
                client = key.data
                if not client.receive():
                    continue
                now = time.perf_counter()
                yield now - client.began
                if now < until:
                    client.send()
                else:
                    under_way -= 1
