"""Compare WSGI servers for `plugdesk serve`: speed, memory, start.

Usage: python bench/wsgi_servers.py [--rounds 3] [--seconds 1] [SERVER ...]

Every round starts each server in turn (A B A B), so that a slow minute of the machine hurts all of
them alike; the table shows medians over the rounds, and the time of a fixed loop below them.
`plugdesk` is waitress as our own server module runs it. Servers that are not installed are left
out with a word. All traffic stays on the loopback.
"""

import argparse
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from floor import fill
from load import drive
from machine import calibrate, processor_seconds, pss

HERE = Path(__file__).resolve().parent
THREADS = "4"
PAGES = (("hello", 1), ("hello", 8), ("rows", 1), ("rows", 8))

AT = "--bind=127.0.0.1:{port}"
SERVERS = {
    "plugdesk": f"{HERE / 'serve_floor.py'} {{port}} {THREADS}",
    "waitress": f"-m waitress --listen=127.0.0.1:{{port}} --threads={THREADS} floor:app",
    "cheroot": f"-m cheroot {AT} --threads={THREADS} floor:app",
    "gunicorn": f"-m gunicorn {AT} --worker-class=gthread --threads={THREADS} --keep-alive=75"
    " --log-level=warning floor:app",
    "granian": "-m granian --host=127.0.0.1 --port={port} --interface=wsgi --workers=1"
    f" --blocking-threads={THREADS} --no-access-log --log-level=warning floor:app",
}

Results = dict[str, dict[str, list[float]]]


def main() -> int:
    """Measure what was asked for and print the table; return an exit status."""
    parser = argparse.ArgumentParser(description="Compare WSGI servers.")
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=", ".join(SERVERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each page, at most 10")
    options = parser.parse_args()
    names = [name for name in options.servers or SERVERS if is_installed(name)]
    results: Results = {name: defaultdict(list) for name in names}
    loops: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "floor.sqlite"
        fill(database)
        for _ in range(options.rounds):
            for name in names:
                loops.append(calibrate())
                measure(name, database, min(options.seconds, 10.0), results[name])
    show(results, loops)
    return 0


def is_installed(name: str) -> bool:
    """Say whether a server can be measured; tell how to get it if not."""
    found = importlib.util.find_spec(name) is not None
    if not found:
        print(f"{name} is left out: it is not installed (pip install {name}).")
    return found


def measure(name: str, database: Path, seconds: float, into: dict[str, list[float]]) -> None:
    """Start one server, put every page under load, and note what it cost."""
    port = free_port()
    began = time.perf_counter()
    with running(name, port, database) as pid:
        wait_for(port)
        into["first answer ms"].append((time.perf_counter() - began) * 1000)
        for page, connections in PAGES:
            drive(port, f"/{page}", connections=connections, seconds=seconds / 5)
            used = processor_seconds(pid)
            load = drive(port, f"/{page}", connections=connections, seconds=seconds)
            used = processor_seconds(pid) - used
            label = f"{page} x{connections}"
            into[f"{label} p50 ms"].append(load.p50)
            into[f"{label} p95 ms"].append(load.p95)
            into[f"{label} req/s"].append(load.rate)
            into[f"{label} cpu ms"].append(used * 1000 / len(load.answers))
        into["PSS MiB"].append(pss(pid))


@contextmanager
def running(name: str, port: int, database: Path) -> Iterator[int]:
    """Run a server in a process of its own; yield its id and stop it at the end."""
    arguments = SERVERS[name].format(port=port).split()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=HERE,
        env={**os.environ, "PLUGDESK_FLOOR": str(database), "PYTHONPATH": str(HERE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Ask for the hello page until it is answered."""
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/hello", timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def show(results: Results, loops: list[float]) -> None:
    """Print medians, one server a column."""
    print(f"{'':18}" + "".join(f"{name:>12}" for name in results))
    for label in next(iter(results.values()), {}):
        cells = "".join(f"{median(found[label]):12.2f}" for found in results.values())
        print(f"{label:18}{cells}")
    print(
        f"calibration loop: median {median(loops):.1f} ms, {min(loops):.1f} to {max(loops):.1f} ms"
    )


if __name__ == "__main__":
    raise SystemExit(main())
