"""The owner's pages about people and teams, and the team of an account."""

from __future__ import annotations

import re

import pytest
from desks import PASSWORD, Browser, Desk
from plugdesk.accounts.models import Account
from plugdesk.contract.tickets import SYSTEM, Change
from plugdesk.people.models import Agent, Person, Team
from plugdesk.people.summaries import member_ids
from plugdesk.tickets import operations
from plugdesk.tickets.models import Ticket
from sqlalchemy import select

NELE = {"name": "Nele", "address": "nele@desk.test", "role": "agent", "language": "en"}


def team(desk: Desk, owner: Browser, name: str = "Sales", **form: object) -> int:
    """Make a team through its form and return its id."""
    assert owner.post("/admin/teams", {"name": name, **form}).status_code == 302
    with desk.site.db.read() as session:
        return session.scalars(select(Team.id).where(Team.name == name)).one()


def assign(desk: Desk, ticket_id: int, name: str) -> None:
    """Give a ticket to an agent."""
    with desk.site.db.write() as session:
        change = Change(assignee_id=desk.person(name))
        operations.change(desk.site, session, SYSTEM, ticket_id, change)


def test_a_made_password_is_shown_once(desk: Desk, owner: Browser) -> None:
    """Without a typed password the desk makes one; it opens the desk and stands nowhere else."""
    answer = owner.post("/admin/people", NELE)
    assert answer.status_code == 200
    found = re.search(r'class="secret">([a-z2-9-]{19})<', answer.text)
    assert found is not None, answer.text
    assert "/sign-in</code>" in answer.text
    assert found[1] not in owner.text("/admin/people")
    again = desk.browser().post("/sign-in", {"address": "nele@desk.test", "password": found[1]})
    assert again.status_code == 302


def test_somebody_who_is_there_already(desk: Desk, owner: Browser) -> None:
    """A second time is refused beside the form, which keeps what was typed but the password."""
    answer = owner.post(
        "/admin/people", {**NELE, "address": "mina@desk.test", "password": PASSWORD}
    )
    assert answer.status_code == 422
    assert "belongs to a member of the desk already" in answer.text
    assert 'value="Nele"' in answer.text
    assert PASSWORD not in answer.text


def test_letting_somebody_go_and_back(desk: Desk, owner: Browser) -> None:
    """The page says how many tickets come back; their browser is signed out; they can return."""
    ticket_id, _ = desk.mail()
    assign(desk, ticket_id, "jun")
    jun, path = desk.browser("jun"), f"/admin/people/{desk.person('jun')}"
    assert "1 open or pending ticket goes back to Unassigned." in owner.text(path)
    owner.post(f"{path}/access", {"do": "deactivate"})
    page = owner.text("/admin/people")
    assert "Jun Park is signed out and cannot sign in any more. 1 ticket is unassigned" in page
    assert "Deactivated" in page
    assert jun.get("/desk/inbox/open").status_code == 302
    assert "My order" in owner.text("/desk/inbox/unassigned")
    assert "Olga Owner took the assignment away." in owner.text(f"/desk/tickets/{ticket_id}")
    assert "Make a new password" not in owner.text(path)
    owner.post(f"{path}/access", {"do": "reactivate"})
    assert "Jun Park can sign in again." in owner.text("/admin/people")
    desk.browser("jun").text("/desk/inbox/open")
    assert owner.post(f"{path}/access", {"do": "fire"}).status_code == 400


def test_an_owner_does_not_lock_themself_out(desk: Desk, owner: Browser) -> None:
    """One's own page has no such button, and the form is refused with a sentence."""
    path = f"/admin/people/{desk.person('owner')}"
    assert "access" not in owner.text(path)
    owner.post(f"{path}/access", {"do": "deactivate"})
    assert "You cannot deactivate yourself." in owner.text(path)
    owner.post(f"{path}/password")
    assert "You change your own password in your profile." in owner.text(path)


def test_a_forgotten_password(desk: Desk, owner: Browser) -> None:
    """A new one is shown once, and the old one ends."""
    answer = owner.post(f"/admin/people/{desk.person('mina')}/password")
    found = re.search(r'class="secret">([^<]+)<', answer.text)
    assert found is not None
    form = {"address": "mina@desk.test"}
    old = desk.browser().post("/sign-in", {**form, "password": PASSWORD})
    new = desk.browser().post("/sign-in", {**form, "password": found[1]})
    assert (old.status_code, new.status_code) == (401, 302)


def test_a_team_is_made_and_changed(desk: Desk, owner: Browser) -> None:
    """Name, tick and members are stored together and shown in the list; its tickets follow."""
    mina, jun = desk.person("mina"), desk.person("jun")
    number = team(desk, owner, "Sales", member=[mina, jun])
    page = owner.text("/admin/people")
    assert "The team Sales is made." in page
    assert "Jun Park, Mina Kim" in page
    path = f"/admin/teams/{number}"
    assert len(re.findall(r'name="member" value="\d+" checked', owner.text(path))) == 2
    owner.post(path, {"name": "Sales Seoul", "private": "1", "member": [mina]})
    page = owner.text("/admin/people")
    assert "Sales Seoul" in page
    assert "Private" in page
    ticket_id, _ = desk.mail()
    desk.browser("mina").post(f"/desk/tickets/{ticket_id}/change", {"team": number})
    assert desk.browser("mina").get(f"/desk/tickets/{ticket_id}").status_code == 200
    assert desk.browser("jun").get(f"/desk/tickets/{ticket_id}").status_code == 404


def test_a_refused_team_keeps_what_was_chosen(desk: Desk, owner: Browser) -> None:
    """A name that is taken is told on the form; nothing is stored, not the members either."""
    first, second = team(desk, owner, "Sales"), team(desk, owner, "Support")
    form = {"name": "sales", "private": "1", "member": [desk.person("mina")]}
    for path in ("/admin/teams", f"/admin/teams/{second}"):
        answer = owner.post(path, form)
        assert answer.status_code == 422
        assert "There is a team named Sales already." in answer.text
        assert len(re.findall(r"\bchecked\b", answer.text)) == 2
    with desk.site.db.read() as session:
        assert set(session.scalars(select(Team.id))) == {first, second}
        assert member_ids(session, second) == set()


def test_a_deactivated_member_stays_in_the_team(desk: Desk, owner: Browser) -> None:
    """Saving a team does not take out who is away; others who are away cannot be added."""
    jun, mina = desk.person("jun"), desk.person("mina")
    number = team(desk, owner, member=[jun])
    for person_id in (jun, mina):
        owner.post(f"/admin/people/{person_id}/access", {"do": "deactivate"})
    page = owner.text(f"/admin/teams/{number}")
    assert f'value="{jun}" checked' in page
    assert f'name="member" value="{mina}"' not in page
    assert "Nobody is in it yet." in owner.text("/admin/people")


def test_a_team_is_deleted(desk: Desk, owner: Browser) -> None:
    """Its tickets go where the owner says, and their stories name what was."""
    first, second = team(desk, owner, "Sales"), team(desk, owner, "Support")
    ticket_id, _ = desk.mail()
    desk.browser("mina").post(f"/desk/tickets/{ticket_id}/change", {"team": first})
    assert "1 ticket is in this team." in owner.text(f"/admin/teams/{first}")
    owner.post(f"/admin/teams/{first}/delete", {"successor": second})
    assert "The team Sales is deleted. 1 ticket was moved." in owner.text("/admin/people")
    assert owner.get(f"/admin/teams/{first}").status_code == 404
    story = owner.text(f"/desk/tickets/{ticket_id}")
    assert "Mina Kim gave this to a team that is gone now." in story
    assert "Olga Owner gave this to the team Support." in story
    owner.post(f"/admin/teams/{second}/delete", {"successor": second})
    assert "Choose another team for its tickets." in owner.text(f"/admin/teams/{second}")
    for unclear in ({}, {"successor": "9" * 12}):
        assert owner.post(f"/admin/teams/{second}/delete", unclear).status_code == 400
    owner.post(f"/admin/teams/{second}/delete", {"successor": ""})
    with desk.site.db.read() as session:
        assert session.get_one(Ticket, ticket_id).team_id is None
    assert "Teams share tickets" in owner.text("/admin/people")


def test_new_tickets_of_an_account_go_to_its_team(desk: Desk, owner: Browser) -> None:
    """The team is chosen for itself, without a new start of the account, and shown in the list."""
    number = team(desk, owner)
    with desk.site.db.write() as session:
        session.get_one(Account, desk.account_id).state = "paused"
    owner.post(f"/admin/accounts/{desk.account_id}/team", {"team": number})
    page = owner.text("/admin/accounts")
    assert "New tickets of this account go there from now on." in page
    assert "Sales" in page
    ticket_id, _ = desk.mail()
    with desk.site.db.read() as session:
        assert session.get_one(Ticket, ticket_id).team_id == number
        assert session.get_one(Account, desk.account_id).state == "paused"
    gone = owner.post(f"/admin/accounts/{desk.account_id}/team", {"team": 999})
    assert gone.status_code == 409
    assert "There is no such team any more." in gone.text


@pytest.mark.parametrize("path", ["/admin/people/999", "/admin/teams/9", "/admin/people/0"])
def test_pages_of_nobody(owner: Browser, path: str) -> None:
    """Numbers of no agent and no team are not found, whatever is asked of them."""
    assert owner.get(path).status_code == 404
    assert owner.post(path, {"role": "agent", "name": "x"}).status_code == 404


def test_customers_are_no_members(desk: Desk, owner: Browser) -> None:
    """A customer has no page here and cannot be put into a team."""
    desk.mail()
    with desk.site.db.read() as session:
        known = select(Agent.person_id)
        customer = session.scalars(select(Person.id).where(Person.id.not_in(known))).one()
    assert owner.get(f"/admin/people/{customer}").status_code == 404
    form = {"name": "Odd", "member": [customer]}
    assert owner.post("/admin/teams", form).status_code == 404
    assert "Odd" not in owner.text("/admin/people")
