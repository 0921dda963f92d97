"""The private Dovecot: a real server, filled and inspected by a test, and gone afterwards."""

from __future__ import annotations

import imaplib
import signal
import ssl
import subprocess
import sys
import time

import pytest
from plugdesk.testing.fixtures import Mailbox
from plugdesk.testing.servers.dovecot import Dovecot
from plugdesk.testing.servers.processes import (
    ServerError,
    port_is_open,
    process_runs,
    wait_until,
)

MAIL = b"From: a@b.test\r\nSubject: \xc8\xaf\xba\xd2\r\n\r\n.\r\n\xff\x80 8 bit\r\n\r\n"


def test_it_starts_quickly_and_leaves_nothing() -> None:
    """A server answers within 1.5 s; after stop() its ports, process and folder are gone."""
    started = time.monotonic()
    with Dovecot() as server:
        assert time.monotonic() - started < 1.5
        pid, ports, folder = server.pid, (server.imap_port, server.imaps_port), server.log.parent
        assert process_runs(pid)
    assert not process_runs(pid)
    assert not any(map(port_is_open, ports))
    assert not folder.exists()


def test_it_ends_when_the_tests_are_killed() -> None:
    """A server does not outlive the process that started it, also when that is killed."""
    code = (
        "from plugdesk.testing.servers.dovecot import Dovecot\n"
        "server = Dovecot()\n"
        "print(server.pid, server.imap_port, server.log.parent, flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        pid, port, folder = tests.stdout.readline().split()
        tests.kill()
    wait_until(lambda: not process_runs(int(pid)), "Dovecot ends", 5)
    wait_until(lambda: not port_is_open(int(port)), "Dovecot's port closes", 5)
    subprocess.run(["rm", "-r", folder], check=True)


def test_clients_sign_in_over_tls_and_starttls(mailbox: Mailbox) -> None:
    """Both ports offer TLS with a certificate that the exposed authority vouches for."""
    server = mailbox.server
    context = ssl.create_default_context(cafile=str(server.ca_file))
    with imaplib.IMAP4_SSL("127.0.0.1", server.imaps_port, ssl_context=context) as client:
        assert client.login(mailbox.address, mailbox.password)[0] == "OK"
    with imaplib.IMAP4("localhost", server.imap_port) as client:
        client.starttls(context)
        assert client.login(mailbox.address, mailbox.password)[0] == "OK"


def test_a_wrong_password_is_refused_at_once_and_a_new_one_works(mailbox: Mailbox) -> None:
    """Refusals are not delayed, and a changed password counts from the next sign-in."""
    server = mailbox.server
    server.add_user(mailbox.address, "another: one")
    started = time.monotonic()
    with imaplib.IMAP4(server.host, server.imap_port) as client:
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.login(mailbox.address, mailbox.password)
        assert time.monotonic() - started < 2
        assert client.login(mailbox.address, "another: one")[0] == "OK"


def test_a_removed_user_cannot_sign_in(mailbox: Mailbox) -> None:
    """remove_user() counts from its return, and the user is unknown then."""
    server = mailbox.server
    server.deliver(mailbox.address, MAIL)
    server.remove_user(mailbox.address)
    assert not server.has_user(mailbox.address)
    with (
        imaplib.IMAP4(server.host, server.imap_port) as client,
        pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"),
    ):
        client.login(mailbox.address, mailbox.password)


def test_a_delivered_message_keeps_its_bytes_and_flags(mailbox: Mailbox) -> None:
    """What is delivered with CRLF lines is served byte for byte, with the flags given."""
    server, address = mailbox.server, mailbox.address
    uid = server.deliver(address, MAIL, "환불/B & C", [r"\Seen", "$Label1"])
    (stored,) = server.messages(address, "환불/B & C")
    assert (stored.uid, stored.raw) == (uid, MAIL)
    assert {r"\Seen", "$Label1"} <= stored.flags
    assert {"INBOX", "Sent", "환불/B & C"} <= set(server.folders(address))


def test_inspecting_changes_no_flag(mailbox: Mailbox) -> None:
    """Looking at a folder marks nothing as read and keeps what is recent."""
    mailbox.server.deliver(mailbox.address, MAIL)
    first = mailbox.server.messages(mailbox.address)
    assert mailbox.server.messages(mailbox.address) == first
    assert first[0].flags == {r"\Recent"}


def test_many_messages_arrive_in_order(mailbox: Mailbox) -> None:
    """deliver_many() keeps the order and gives rising UIDs."""
    raws = [b"Subject: %d\r\n\r\n%d\r\n" % (n, n) for n in range(50)]
    uids = mailbox.server.deliver_many(mailbox.address, raws)
    assert uids == sorted(uids)
    assert [(m.uid, m.raw) for m in mailbox.server.messages(mailbox.address)] == list(
        zip(uids, raws, strict=True)
    )


def test_another_client_moves_flags_and_deletes(mailbox: Mailbox) -> None:
    """Messages can be moved, flagged and deleted as by another mail client."""
    server, address = mailbox.server, mailbox.address
    uids = server.deliver_many(address, [MAIL] * 3)
    server.move(address, uids[:1], "INBOX", "Done")
    server.set_flags(address, uids[1:2], [r"\Flagged"])
    server.delete(address, uids[2:])
    assert [m.raw for m in server.messages(address, "Done")] == [MAIL]
    (left,) = server.messages(address)
    assert left.uid == uids[1]
    assert r"\Flagged" in left.flags


@pytest.mark.parametrize("change", [+1000, -1000])
def test_uidvalidity_moves_both_ways(mailbox: Mailbox, change: int) -> None:
    """A folder takes a greater or smaller UIDVALIDITY; its messages stay."""
    server, address = mailbox.server, mailbox.address
    server.deliver(address, MAIL)
    before = server.uidvalidity(address)
    server.set_uidvalidity(address, "INBOX", before + change)
    assert server.uidvalidity(address) == before + change
    assert [m.raw for m in server.messages(address)] == [MAIL]


def test_a_changed_uidvalidity_ends_open_connections(mailbox: Mailbox) -> None:
    """A client that had the folder open learns the new value when it connects again."""
    server, address = mailbox.server, mailbox.address
    client = imaplib.IMAP4(server.host, server.imap_port, timeout=5)
    client.login(address, mailbox.password)
    client.select()
    server.set_uidvalidity(address, "INBOX", 4242)
    assert b"BYE" in client.readline()
    assert client.readline() == b""
    client.shutdown()


def test_capabilities_are_left_out_for_a_block() -> None:
    """without() hides capabilities before and after sign-in, and brings them back."""
    with Dovecot() as server:
        server.add_user("a@desk.test", "word")

        def announced() -> set[str]:
            with server.client("a@desk.test") as client:
                after = client.capability()[1][0].decode().split()
                return {*client.capabilities, *after}

        hidden = {"IDLE", "CONDSTORE", "QRESYNC"}
        full = announced()
        assert hidden <= full
        with server.without(*hidden):
            assert {name.upper() for name in announced()} == {n.upper() for n in full} - hidden
        assert announced() == full


def test_mail_survives_a_restart_on_the_same_ports() -> None:
    """While paused the ports refuse; after resume() the mail is there with its UIDs."""
    with Dovecot() as server:
        server.add_user("a@desk.test", "word")
        server.deliver("a@desk.test", MAIL)
        before = server.messages("a@desk.test"), server.uidvalidity("a@desk.test")
        server.pause()
        assert not port_is_open(server.imap_port)
        server.resume()
        after = server.messages("a@desk.test"), server.uidvalidity("a@desk.test")
        assert [(m.uid, m.raw) for m in after[0]] == [(m.uid, m.raw) for m in before[0]]
        assert after[1] == before[1]


def test_idle_hears_of_a_delivery(mailbox: Mailbox) -> None:
    """A client in IDLE (RFC 2177) is told of a message that deliver() puts in."""
    server = mailbox.server
    client = imaplib.IMAP4(server.host, server.imap_port, timeout=5)
    client.login(mailbox.address, mailbox.password)
    client.select()
    client.send(b"x IDLE\r\n")
    assert client.readline().startswith(b"+")
    server.deliver(mailbox.address, MAIL)
    assert client.readline() == b"* 1 EXISTS\r\n"
    client.shutdown()


def test_a_refusal_is_an_error_in_words(mailbox: Mailbox) -> None:
    """What the server refuses is raised with its answer."""
    with pytest.raises(ServerError, match="Mailbox doesn't exist"):
        mailbox.server.messages(mailbox.address, "Nowhere")


def test_a_dead_server_is_noticed() -> None:
    """Stopping a server whose process was killed before is no error."""
    server = Dovecot()
    subprocess.run(["kill", f"-{signal.SIGKILL}", str(server.pid)], check=True)
    server.stop()
    assert not port_is_open(server.imap_port)
