"""A desk as its owner runs it: `plugdesk serve` in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from plugdesk.testing.servers.processes import wait_until

_COMMAND = (sys.executable, "-m", "plugdesk.cli")
_ADDRESS = re.compile(r"http://[\d.]+:\d+")


class ServedDesk:
    """`plugdesk serve` on a free port of loopback, from `with` until its end."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self._folder = folder
        self._settings = settings
        self._lines: list[str] = []

    def __enter__(self) -> Self:
        environment = {f"PLUGDESK_{name.upper()}": str(v) for name, v in self._settings.items()}
        self.process = subprocess.Popen(
            [*_COMMAND, "--site", str(self._folder), "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_until(self._answers, "the desk to say where it listens", 60)
        found = _ADDRESS.search(self.output)
        assert found is not None, self.output
        self.url = found.group()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self._reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def output(self) -> str:
        """What the desk has printed so far."""
        return "".join(self._lines)

    def stop(self) -> int:
        """End it gracefully and return its exit code; by force when it does not end in time."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(30)

    def _answers(self) -> bool:
        return bool(_ADDRESS.search(self.output)) or self.process.poll() is not None

    def _read(self) -> None:
        assert self.process.stdout is not None
        self._lines.extend(self.process.stdout)
