"""What a benchmark must know of the machine: how fast it is just now, and what processes use."""

import os
import time
from pathlib import Path


def calibrate() -> float:
    """Return the milliseconds of a fixed loop: the machine's own speed at this moment."""
    began = time.perf_counter()
    total = 0
    for number in range(100_000):
        total += number & 7
    return (time.perf_counter() - began) * 1000


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    pids = [pid]
    for parent in pids:
        try:
            tasks = list(Path(f"/proc/{parent}/task").iterdir())
            children = " ".join((task / "children").read_text() for task in tasks)
        except OSError:
            continue
        pids.extend(int(child) for child in children.split())
    return pids


def pss(pid: int) -> float:
    """Return the proportional memory of a process and its descendants, in MiB."""
    total = 0
    for member in family(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process and its descendants have used."""
    ticks = 0
    for member in family(pid):
        fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
