"""One change for several tickets of the inbox."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from plugdesk.contract.tickets import Actor, Change, Place, Status
from plugdesk.desk.blueprint import pages
from plugdesk.desk.inbox import find_folder
from plugdesk.errors import NotFound, Refused
from plugdesk.i18n import gettext, ngettext
from plugdesk.site import Site
from plugdesk.tickets import operations
from plugdesk.web.choices import pick
from plugdesk.web.current import actor, current_site, writing_page
from plugdesk.web.numbers import row_id

MOST = 200


@pages.post("/desk/inbox/<folder>/change", endpoint="bulk")
@writing_page
def change_many(folder: str) -> ResponseReturnValue:
    """Change the ticked tickets; what is refused is told, the others go through."""
    find_folder(folder)
    numbers = request.form.getlist("ticket", type=row_id)[:MOST]
    wanted = wanted_change(request.form, actor())
    if not numbers:
        flash(gettext("Tick the tickets that you mean first."), "bad")
    elif wanted is None:
        flash(gettext("Choose what to do with the tickets."), "bad")
    else:
        _change_all(numbers, wanted)
    return redirect(url_for("desk.inbox", folder=folder, tag=request.form.get("tag") or None))


def wanted_change(form: Mapping[str, str], me: Actor) -> Change | None:
    """Return what the form asks for; None when it asks for nothing that exists.

    A button names its action as `do`; the lists are `assignee` and `status`.
    """
    action = form.get("do", "")
    if action == "spam":
        return Change(place=Place.SPAM)
    if action == "trash":
        return Change(place=Place.TRASH)
    if action == "inbox":
        return Change(place=Place.INBOX)
    if action == "mine" and me.person_id is not None:
        return Change(assignee_id=me.person_id)
    assignee, status = form.get("assignee", ""), form.get("status", "")
    if action == "assign" and assignee == "none":
        return Change(unassign=True)
    if action == "assign":
        return _assign(assignee)
    if action == "status" and pick(Status, status):
        return Change(status=Status(status))
    return None


def _change_all(numbers: list[int], wanted: Change) -> None:
    site = current_site()
    refusals: list[str] = []
    changed = 0
    with site.db.write() as session:
        # In the order of ids, so that two agents with overlapping choices cannot block each other.
        for number in sorted(set(numbers)):
            sentence = _change_one(site, session, number, wanted)
            refusals += [f"#{number}: {sentence}"] if sentence else []
            changed += not sentence
    if changed:
        flash(ngettext("%(num)s ticket changed.", "%(num)s tickets changed.", changed), "good")
    for sentence in refusals[:5]:
        flash(sentence, "bad")


def _change_one(site: Site, session: Session, number: int, wanted: Change) -> str:
    """Change one ticket in a savepoint and return why it was refused, if it was."""
    try:
        with session.begin_nested():
            operations.change(site, session, actor(), number, wanted)
    except (NotFound, Refused) as problem:
        return str(problem)
    return ""


def _assign(assignee: str) -> Change | None:
    with suppress(ValueError):
        return Change(assignee_id=row_id(assignee))
    return None
