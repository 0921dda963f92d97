"""`plugdesk team`, and the commands that change what members of the desk may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import PASSWORD, Run


@pytest.fixture
def shop(run: Run, site_folder: Path) -> Path:
    """A site with an owner and an agent."""
    for name, role in (("Olga", "owner"), ("민지", "agent")):
        address = f"{'olga' if role == 'owner' else 'minji'}@example.com"
        words = ("user", "add", name, address, "--role", role, "--password-stdin")
        assert run(*words, "--site", site_folder, input=f"{PASSWORD}\n").exit_code == 0
    return site_folder


def test_a_team_is_made_and_listed(run: Run, shop: Path) -> None:
    """With its members; the list says which are private."""
    members = ("--member", "MINJI@example.com", "--member", "olga@example.com")
    made = run("team", "add", " 판매  팀 ", "--private", *members, "--site", shop)
    assert made.exit_code == 0, made.output
    assert "판매 팀" in made.output
    listed = run("team", "list", "--site", shop).output
    assert "판매 팀  private  Olga, 민지" in listed


def test_refusals_are_sentences(run: Run, shop: Path) -> None:
    """A stranger as a member makes no team, and a taken name is told."""
    stranger = run("team", "add", "Sales", "--member", "x@example.com", "--site", shop)
    assert stranger.exit_code == 1
    assert "x@example.com" in stranger.stderr
    assert "plugdesk team add" in run("team", "list", "--site", shop).output
    assert run("team", "add", "Sales", "--site", shop).exit_code == 0
    assert "already" in run("team", "add", "sales", "--site", shop).stderr


def test_roles_and_access(run: Run, shop: Path) -> None:
    """Roles are set, somebody is let go and comes back; the last owner stays."""
    where = ("--site", shop)
    changed = run("user", "role", "minji@example.com", "lead", *where)
    assert changed.exit_code == 0, changed.output
    assert "lead" in run("user", "list", *where).output
    assert run("user", "deactivate", "minji@example.com", *where).exit_code == 0
    assert "may not sign in" in run("user", "list", *where).output
    assert run("user", "reactivate", "minji@example.com", *where).exit_code == 0
    assert "may not sign in" not in run("user", "list", *where).output
    for command in (("deactivate", "olga@example.com"), ("role", "olga@example.com", "agent")):
        refused = run("user", *command, *where)
        assert refused.exit_code == 1
        assert "needs an owner" in refused.stderr
