"""Leases: named rights that one worker holds for a while, across all processes and hosts.

A lease only keeps work from being done twice. It can be lost to a slow clock or a long pause, so
nothing may depend on it for correctness; constraints in the database see to that.
"""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from plugdesk.jobs.models import Lease


def acquire(session: Session, name: str, owner: str, seconds: float, now: datetime) -> bool:
    """Take or renew the lease `name` for `seconds`; False while somebody else holds it.

    A lease whose owner was a process of this machine that has ended is free at once.
    """
    expires_at = now + timedelta(seconds=seconds)
    values = {"owner": owner, "expires_at": expires_at}
    mine = or_(Lease.owner == owner, Lease.expires_at <= now)
    if _update(session, name, values, mine):
        return True
    holder = session.scalar(select(Lease.owner).where(Lease.name == name))
    if holder is None:
        with suppress(IntegrityError), session.begin_nested():
            session.add(Lease(name=name, **values))
            return True
        return False
    return has_ended(holder) and _update(session, name, values, Lease.owner == holder)


def _update(session: Session, name: str, values: dict[str, object], condition: object) -> bool:
    statement = update(Lease).where(Lease.name == name, condition).values(values)  # type: ignore[arg-type]
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return bool(result.rowcount)  # type: ignore[attr-defined]


def renew(
    session: Session, names: Iterable[str], owner: str, seconds: float, now: datetime
) -> set[str]:
    """Renew those of the named leases that `owner` still holds; returns them."""
    wanted = list(names)
    if not wanted:
        return set()
    held = (Lease.owner == owner, Lease.name.in_(wanted))
    session.execute(
        update(Lease).where(*held).values(expires_at=now + timedelta(seconds=seconds)),
        execution_options={"synchronize_session": False},
    )
    return set(session.scalars(select(Lease.name).where(*held)))


def release(session: Session, name: str, owner: str) -> None:
    """Give a lease back; does nothing when somebody else holds it by now."""
    session.execute(
        delete(Lease).where(Lease.name == name, Lease.owner == owner),
        execution_options={"synchronize_session": False},
    )


def release_all(session: Session, owner: str) -> None:
    """Give back every lease of one owner."""
    session.execute(
        delete(Lease).where(Lease.owner == owner),
        execution_options={"synchronize_session": False},
    )


# Owners


def new_owner() -> str:
    """Return a name for this process as an owner of leases, different at every call."""
    return f"{_machine()}.{os.getpid()}.{_started(os.getpid())}.{uuid.uuid4().hex[:8]}"


def has_ended(owner: str) -> bool:
    """Tell whether `owner` was a process of this machine that runs no more; False in doubt."""
    parts = owner.split(".")
    if len(parts) != 4 or parts[0] != _machine() or not parts[1].isdigit():
        return False
    pid = int(parts[1])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return _started(pid) != parts[2]


@lru_cache(maxsize=1)
def _machine() -> str:
    # The same pid means the same process only within one boot and one namespace of pids.
    facts = [socket.gethostname()]
    with suppress(OSError):
        facts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        facts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def _started(pid: int) -> str:
    """When a process began, in the kernel's ticks (proc(5), field 22), or 0 if unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "0"
    return stat.rpartition(")")[2].split()[19]
