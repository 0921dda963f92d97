"""`plugdesk user`."""

from __future__ import annotations

from pathlib import Path

from plugdesk.config import load_config
from plugdesk.people.operations import verify_password
from plugdesk.site import Site

from .conftest import PASSWORD, Run


def signs_in(folder: Path, address: str, password: str) -> bool:
    with Site(load_config(folder)) as site, site.db.read() as session:
        return verify_password(session, address, password) is not None


def test_a_new_agent_can_sign_in(run: Run, site_folder: Path) -> None:
    """The password is asked for twice, unseen; the agent is listed with role and language."""
    result = run(
        *("user", "add", "김민지", "minji@example.com", "--role", "owner", "--language", "ko"),
        *("--site", site_folder),
        input=f"{PASSWORD}\n{PASSWORD}\n",
    )
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output
    assert signs_in(site_folder, "minji@example.com", PASSWORD)
    listed = run("user", "list", "--site", site_folder).output
    assert "김민지" in listed
    assert "owner" in listed


def test_a_password_may_come_from_standard_input(run: Run, site_folder: Path) -> None:
    """`--password-stdin` reads one line, for scripts."""
    arguments = ("--password-stdin", "--site", site_folder)
    assert (
        run("user", "add", "Ann", "ann@example.com", *arguments, input=f"{PASSWORD}\n").exit_code
        == 0
    )
    assert signs_in(site_folder, "ann@example.com", PASSWORD)
    changed = run("user", "password", "ANN@example.com", *arguments, input="another password\n")
    assert changed.exit_code == 0, changed.output
    assert signs_in(site_folder, "ann@example.com", "another password")
    assert not signs_in(site_folder, "ann@example.com", PASSWORD)


def test_refusals_are_sentences(run: Run, site_folder: Path) -> None:
    """Short passwords, wrong addresses, doubles and strangers are refused."""
    where = ("--password-stdin", "--site", site_folder)
    assert run("user", "add", "A", "a@example.com", *where, input="short\n").exit_code == 1
    assert run("user", "add", "A", "no address", *where, input=f"{PASSWORD}\n").exit_code == 1
    assert run("user", "add", "A", "a@example.com", *where, input=f"{PASSWORD}\n").exit_code == 0
    double = run("user", "add", "A", "a@example.com", *where, input=f"{PASSWORD}\n")
    assert "already" in double.stderr
    stranger = run("user", "password", "b@example.com", *where, input=f"{PASSWORD}\n")
    assert "b@example.com" in stranger.stderr


def test_an_empty_desk_says_how_to_fill_it(run: Run, site_folder: Path) -> None:
    """Without agents the list names the command that adds one."""
    assert "plugdesk user add" in run("user", "list", "--site", site_folder).output
