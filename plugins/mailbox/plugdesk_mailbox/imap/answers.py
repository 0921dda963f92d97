"""Understand imaplib's answers to FETCH (RFC 3501, 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

_START = re.compile(rb"^\d+ \(")
_UID = re.compile(rb"(?:^|[ (])UID (\d{1,10})(?=[ )]|$)", re.IGNORECASE)
_SIZE = re.compile(rb"(?:^|[ (])RFC822\.SIZE (\d{1,19})(?=[ )]|$)", re.IGNORECASE)
_DATE = re.compile(rb'INTERNALDATE "([^"]{1,40})"', re.IGNORECASE)
_BODY_LITERAL = re.compile(rb"BODY\[[^\]]*\](?:<\d+>)? \{\d+\}$", re.IGNORECASE)
_BODY_QUOTED = re.compile(
    rb'BODY\[[^\]]*\](?:<\d+>)? "((?:[^"\\]|\\.)*)"', re.IGNORECASE | re.DOTALL
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_INTERNAL_DATE = re.compile(
    r"^ ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$"
)


@dataclass(slots=True)
class Answer:
    """What the server told about one message."""

    uid: int = 0
    size: int | None = None
    received_at: datetime | None = None
    body: bytes | None = None


def read_answers(parts: Iterable[object]) -> dict[int, Answer]:
    """Return the messages of an answer by UID; what has no UID was not asked for.

    Servers mix in news about flags (RFC 3501, 7.4.2); those never displace a body.
    """
    answers: dict[int, Answer] = {}
    for record in _records(parts):
        answer = _read(record)
        known = answers.get(answer.uid)
        if answer.uid and (known is None or known.body is None):
            answers[answer.uid] = _joined(known, answer)
    return answers


def _joined(known: Answer | None, answer: Answer) -> Answer:
    if known is not None:
        answer.size = known.size if answer.size is None else answer.size
        answer.received_at = answer.received_at or known.received_at
    return answer


def _records(parts: Iterable[object]) -> Iterator[list[object]]:
    record: list[object] = []
    for part in parts:
        head = part[0] if isinstance(part, tuple) else part
        if isinstance(head, bytes) and _START.match(head) and record:
            yield record
            record = []
        if part is not None:
            record.append(part)
    if record:
        yield record


def _read(record: list[object]) -> Answer:
    answer = Answer()
    for part in record:
        if isinstance(part, tuple):
            head, literal = part
            if _BODY_LITERAL.search(head):
                answer.body = literal
        elif isinstance(part, bytes):
            head = part
            quoted = _BODY_QUOTED.search(head)
            if quoted:
                answer.body = re.sub(rb"\\(.)", rb"\1", quoted[1], flags=re.DOTALL)
                head = head[: quoted.start()] + head[quoted.end() :]
        else:
            continue
        _read_attributes(answer, head)
    return answer


def _read_attributes(answer: Answer, head: bytes) -> None:
    if found := _UID.search(head):
        answer.uid = int(found[1])
    if found := _SIZE.search(head):
        answer.size = int(found[1])
    if found := _DATE.search(head):
        answer.received_at = internal_date(found[1].decode("ascii", "replace"))


def internal_date(text: str) -> datetime | None:
    """Read an INTERNALDATE such as `17-Jul-1996 02:44:25 -0700`; None if it is none."""
    found = _INTERNAL_DATE.match(text)
    if found is None or found[2].lower() not in _MONTHS:
        return None
    day, _, year, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        return datetime(
            int(year),
            _MONTHS.index(found[2].lower()) + 1,
            int(day),
            int(hour),
            int(minute),
            min(int(second), 59),
            tzinfo=timezone(-offset if sign == "-" else offset),
        )
    except ValueError:
        return None


def imap_date(year: int, month: int, day: int) -> str:
    """Return a date as SEARCH wants it, in English whatever the locale."""
    return f"{day}-{_MONTHS[month - 1].capitalize()}-{year}"


def uid_set(uids: Iterable[int]) -> str:
    """Return ascending UIDs as a sequence set, neighbours joined: `3:5,9`."""
    ranges: list[list[int]] = []
    for uid in uids:
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in ranges)
