"""However intake is killed, every message on the server is visible or quarantined exactly once."""

import pytest
from plugdesk.testing.crash import CrashLab, DoomedDesk
from plugdesk.testing.fixtures import Mailbox

POISON = b"From: broken@x.test\r\nSubject: poison\r\n" + b"X-Filler: a\r\n" * 20_000 + b"\r\nx\r\n"


def mail(number: int) -> bytes:
    """A small mail with an attachment; the odd ones answer the one before."""
    answer = f"In-Reply-To: <m{number - 1}@x.test>\r\n" if number % 2 else ""
    return (
        f"From: Ann <ann{number // 2}@x.test>\r\nTo: support@desk.test\r\n"
        f"Subject: mail {number}\r\nMessage-ID: <m{number}@x.test>\r\n{answer}"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        f"--b\r\n\r\nHello {number}\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n"
        f"Content-Disposition: attachment\r\n\r\nfile {number}\r\n--b--\r\n"
    ).encode()


@pytest.fixture
def filled(mailbox: Mailbox) -> list[str]:
    """Three mails, one of them poison, on the server; returns the subjects of the others."""
    raws = [mail(0), POISON, mail(1)]
    mailbox.server.deliver_many(mailbox.address, raws)
    return ["mail 0", "mail 1"]


def test_killed_at_every_step(desk: DoomedDesk, crash_lab: CrashLab, filled: list[str]) -> None:
    """kill -9 at each step of fetching and processing, then a restart: the totals hold (C1, C2)."""
    whole = crash_lab.run(desk, "fetch", "process")
    assert not whole.killed
    assert whole.error == ""
    assert desk.visible() == filled
    assert desk.journal() == {"visible": 2, "quarantined": 1}

    for step in range(1, whole.steps + 1):
        doomed = desk.again()
        crashed = crash_lab.run(doomed, "fetch", "process", die_at=step)
        assert crashed.killed, f"step {step} of {whole.steps}: {crashed.error}"
        again = crash_lab.run(doomed, "fetch", "process")
        assert again.error == ""
        assert doomed.visible() == filled, f"killed at step {step} of {whole.steps}"
        assert doomed.journal() == {"visible": 2, "quarantined": 1}, f"killed at step {step}"

    flags = [stored.flags for stored in desk.mailbox.server.messages(desk.mailbox.address, "INBOX")]
    assert not any("\\Seen" in flag or "\\Deleted" in flag for flag in flags)
