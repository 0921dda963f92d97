"""The inbox: folders, rows, pages of rows, changes of many, and polling."""

from __future__ import annotations

import re

from desks import Browser, Desk
from plugdesk.accounts.models import Account
from plugdesk.contract.messages import Attachment
from plugdesk.contract.tickets import SYSTEM, Change
from plugdesk.people.models import Team
from plugdesk.tickets import operations
from plugdesk.tickets.models import Ticket
from sqlalchemy import delete


def change(desk: Desk, ticket_id: int, wanted: Change) -> None:
    """Change a ticket as the desk itself."""
    with desk.site.db.write() as session:
        operations.change(desk.site, session, SYSTEM, ticket_id, wanted)


def test_a_mail_is_a_row(desk: Desk, mina: Browser) -> None:
    """The row names the sender and shows subject, beginning, tags, files and assignee."""
    file = Attachment(name="a.txt", content_type="text/plain", content=b"x")
    ticket_id, _ = desk.mail("Hello, I miss a bowl.", files=[file])
    change(desk, ticket_id, Change(add_tags=("vip",), assignee_id=desk.person("jun")))
    page = mina.text("/desk/inbox/open")
    for text in ("Ann Customer", "My order", "Hello, I miss a bowl.", "vip", "Has files"):
        assert text in page
    assert "Assigned to Jun Park" in page
    assert f'href="/desk/tickets/{ticket_id}"' in page


def test_mail_markup_is_text(desk: Desk, mina: Browser) -> None:
    """Markup in names, subjects, texts and tags is shown, never interpreted (S16)."""
    bad = "<script>alert(1)</script>"
    ticket_id, _ = desk.mail(bad, subject=bad, name=bad.replace("<", "‹") + '"><img src=x>')
    change(desk, ticket_id, Change(add_tags=("<b>tag</b>",)))
    for path in ("/desk/inbox/open", f"/desk/tickets/{ticket_id}"):
        page = mina.text(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>tag" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_folders_count(desk: Desk, mina: Browser) -> None:
    """The navigation counts what is in each folder; empty ones show no zero."""
    for number in range(3):
        desk.mail(subject=f"Mail {number}")
    page = mina.text("/desk/inbox/mine")
    counts = dict(re.findall(r'/desk/inbox/(\w+)".*?class="count">([^<]*)<', page))
    assert counts["unassigned"] == counts["open"] == "3"
    assert counts["mine"] == counts["spam"] == ""
    assert "You have nothing to answer" in page


def test_pages_of_rows(desk: Desk, mina: Browser) -> None:
    """Fifty rows make a page; the next one goes on where it ended, without doubles."""
    for number in range(53):
        desk.mail(subject=f"Mail {number:02}")
    first = mina.text("/desk/inbox/open")
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    second = mina.text(older[1].replace("&amp;", "&"))
    subjects = re.findall(r"Mail \d\d", first + second)
    assert len(set(subjects)) == 53
    assert second.count('class="ticket-row"') == 3
    assert mina.get("/desk/inbox/open?before=nonsense").status_code == 409


def test_many_at_once(desk: Desk, mina: Browser) -> None:
    """Ticked tickets are assigned, resolved and put into spam together."""
    tickets = [desk.mail(subject=f"Mail {number}")[0] for number in range(3)]
    form = {"ticket": tickets[:2], "do": "assign", "assignee": desk.person("jun")}
    mina.post("/desk/inbox/open/change", form)
    page = mina.text("/desk/inbox/open")
    assert "2 tickets changed." in page
    assert page.count("Assigned to Jun Park") == 4  # two rows, each for eyes and for ears
    mina.post("/desk/inbox/open/change", {"ticket": tickets, "do": "spam"})
    assert "No spam" not in mina.text("/desk/inbox/spam")
    assert mina.text("/desk/inbox/spam").count('class="ticket-row"') == 3
    mina.post("/desk/inbox/spam/change", {"ticket": tickets, "do": "inbox"})
    mina.post("/desk/inbox/open/change",
              {"ticket": tickets, "do": "status", "status": "resolved"})  # fmt: skip
    assert mina.text("/desk/inbox/resolved").count('class="ticket-row"') == 3


def test_bulk_needs_a_choice_and_survives_nonsense(desk: Desk, mina: Browser) -> None:
    """Nothing ticked, nothing chosen or made-up numbers change nothing and say so."""
    ticket_id, _ = desk.mail()
    mina.post("/desk/inbox/open/change", {"do": "spam"})
    assert "Tick the tickets" in mina.text("/desk/inbox/open")
    for form in ({"do": "fly"}, {"do": "assign", "assignee": ""}, {"do": "status", "status": "x"}):
        mina.post("/desk/inbox/open/change", {"ticket": ticket_id, **form})
        assert "Choose what to do" in mina.text("/desk/inbox/open")
    mina.post("/desk/inbox/open/change", {"ticket": [ticket_id, 999, "x"], "do": "mine"})
    page = mina.text("/desk/inbox/mine")
    assert "1 ticket changed." in page
    assert "#999: There is no such ticket" in page


def test_a_poll_costs_nothing_while_nothing_changes(desk: Desk, mina: Browser) -> None:
    """The list's tag answers 304 until something happens; then the new row comes."""
    desk.mail()
    tag = mina.get("/desk/inbox/open").headers["HX-PTag"]
    poll = mina.get("/desk/inbox/open", headers={"HX-PTag": tag, "HX-Request": "true"})
    assert (poll.status_code, poll.data) == (304, b"")
    desk.mail(subject="Another")
    poll = mina.get("/desk/inbox/open", headers={"HX-PTag": tag, "HX-Request": "true"})
    assert poll.status_code == 200
    assert "Another" in poll.text


def test_private_teams_stay_private(desk: Desk, mina: Browser) -> None:
    """A ticket of a private team does not exist for others, in the list and by its address."""
    ticket_id, message_id = desk.mail("A secret complaint")
    with desk.site.db.write() as session:
        team = Team(name="Board", private=True)
        session.add(team)
        session.flush()
        team_id = team.id
    change(desk, ticket_id, Change(team_id=team_id))
    assert "secret" not in mina.text("/desk/inbox/open")
    paths = [f"/desk/tickets/{ticket_id}", f"/desk/messages/{message_id}/html"]
    paths += [f"/desk/messages/{message_id}/{page}" for page in ("why", "move")]
    for path in paths:
        assert mina.get(path).status_code == 404, path
    for action in ("reply", "note"):
        answer = mina.post(f"/desk/tickets/{ticket_id}/{action}", {"text": "x"})
        assert answer.status_code == 404
    for action in ("undo", "move"):
        form = {"where": "new"}
        answer = mina.post(f"/desk/messages/{message_id}/{action}", form)
        assert answer.status_code in (302, 404)
    with desk.site.db.read() as session:
        assert session.get_one(Ticket, ticket_id).message_count == 1
    assert desk.browser("owner").get(paths[0]).status_code == 200


def test_troubled_accounts_are_shown_to_owners(desk: Desk, mina: Browser, owner: Browser) -> None:
    """An owner reads above the inbox which account is in trouble; agents need not worry."""
    with desk.site.db.write() as session:
        account = session.get_one(Account, desk.account_id)
        account.state, account.error = "signed_out", "The password was refused."
    assert "Support is signed out" in owner.text("/desk/inbox/open")
    assert "The password was refused." in owner.text("/desk/inbox/open")
    assert "signed out" not in mina.text("/desk/inbox/open")


def test_an_empty_inbox_offers_the_next_step(desk: Desk, mina: Browser, owner: Browser) -> None:
    """Without an account the inbox leads owners to connecting one."""
    assert "Everything has somebody" in mina.text("/desk/inbox/unassigned")
    with desk.site.db.write() as session:
        session.execute(delete(Account))
    assert "/admin/accounts/new" in owner.text("/desk/inbox/open")
    page = mina.text("/desk/inbox/open")
    assert "An owner of this desk has to connect a mailbox first." in page
    assert "/admin/" not in page


def test_unknown_folders_do_not_exist(mina: Browser) -> None:
    """A made-up folder is 404."""
    assert mina.get("/desk/inbox/everything").status_code == 404


def test_korean(desk: Desk) -> None:
    """An agent who chose Korean reads the desk in Korean, whatever the browser asks for."""
    desk.mail()
    page = desk.browser("minji").get("/desk/inbox/open", headers={"Accept-Language": "en"}).text
    assert '<html lang="ko"' in page
    for text in ("열린 티켓", "미배정", "새 대화", "모두 선택"):
        assert text in page
    assert "Unassigned" not in page
