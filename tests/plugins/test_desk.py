"""The desk as plugins use it: as themselves, whole or not at all, inside plugin code only."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest
from plugdesk.contract.desk import Desk
from plugdesk.contract.tickets import SYSTEM, Change, Status
from plugdesk.errors import NotFound, PluginError, Refused
from plugdesk.events.models import EventRow
from plugdesk.people.operations import find_or_create
from plugdesk.plugin import desk
from plugdesk.plugins.desk import use
from plugdesk.plugins.settings import save_settings
from plugdesk.settings.forms import InvalidSettings
from plugdesk.settings.models import SettingsRow
from plugdesk.testing.plugins import add_ticket, state_of
from plugdesk.tickets.models import Note, Tag
from sqlalchemy import select

if TYPE_CHECKING:
    from plugdesk.testing.plugins import Sites

SETTINGS = """
from pydantic import BaseModel, SecretStr
class Settings(BaseModel):
    number: str = "none"
    token: SecretStr = SecretStr("")
@hookimpl
def settings(): return Settings
"""


def events(site: Any) -> list[tuple[str, str, str]]:
    """Return kind and actor of what was recorded."""
    with site.db.read() as session:
        rows = session.scalars(select(EventRow).order_by(EventRow.id))
        return [(row.kind, row.actor_kind, row.actor_plugin) for row in rows]


def test_what_a_plugin_does_is_recorded_with_it_as_actor(both: Sites) -> None:
    """Notes, tags and changes, in the transaction of the hook."""
    site = both.open()
    ticket_id = add_ticket(site)
    with site.db.write() as session, use(site, session, "sms"):
        note_id = desk.tickets.note(ticket_id, "Called back")
        assert desk.tickets.tag(ticket_id, "phone", "sms").tags == ("phone", "sms")
        assert desk.tickets.untag(ticket_id, "sms").tags == ("phone",)
        changed = desk.tickets.change(ticket_id, Change(status=Status.PENDING))
        assert changed.status is Status.PENDING
        assert desk.tickets.get(ticket_id) == changed
    assert {(actor, plugin) for _kind, actor, plugin in events(site)} == {("plugin", "sms")}
    with site.db.read() as session:
        assert session.get_one(Note, note_id).text == "Called back"


def test_outside_a_transaction_each_act_commits_by_itself(both: Sites) -> None:
    """A job that fails later keeps what it did; `desk.transaction` binds acts together."""
    site = both.open()
    ticket_id = add_ticket(site)
    with use(site, None, "sms"):
        desk.tickets.tag(ticket_id, "one")
        with pytest.raises(PluginError, match="There is no transaction here"):
            desk.session  # noqa: B018 - asking is what is refused
        with pytest.raises(ZeroDivisionError), desk.transaction() as session:  # noqa: PT012
            assert session is desk.session
            desk.tickets.tag(ticket_id, "two")
            session.add(Tag(id=99, name="own"))
            _ = 1 / 0
        with desk.transaction() as session:
            session.add(Tag(id=99, name="own"))
            with pytest.raises(PluginError, match="may not commit"):
                session.commit()
        assert desk.tickets.get(ticket_id).tags == ("one",)
    with site.db.read() as session:
        assert set(session.scalars(select(Tag.name))) == {"one", "own"}


def test_a_refused_act_leaves_nothing_and_the_plugin_may_go_on(both: Sites) -> None:
    """Catching Refused is safe: the act happened whole or not at all."""
    both.shelf.put("strict", "@hookimpl\ndef check_change(change): return 'Not on Sundays.'")
    site = both.with_plugins("strict")
    ticket_id = add_ticket(site)
    with site.db.write() as session, use(site, session, "sms"):
        with pytest.raises(Refused, match="Not on Sundays"):
            desk.tickets.assign(ticket_id, team_id=None, agent_id=7)
        with pytest.raises(NotFound):
            desk.tickets.note(12345, "nobody reads this")
        desk.tickets.note(ticket_id, "kept")
    assert [kind for kind, *_ in events(site)] == ["note_added"]


def test_a_part_of_a_transaction_can_be_undone_alone(sites: Sites) -> None:
    """Inside a hook `desk.transaction` is a part of the running one."""
    site = sites.open()
    with site.db.write() as session, use(site, session, "sms"):
        with pytest.raises(KeyError), desk.transaction() as inner:  # noqa: PT012
            inner.add(Tag(name="gone"))
            raise KeyError
        with desk.transaction() as inner:
            inner.add(Tag(name="kept"))
    with site.db.read() as session:
        assert session.scalars(select(Tag.name)).all() == ["kept"]


def test_people_are_found_by_any_spelling_of_their_address(sites: Sites) -> None:
    """An address is compared in its canonical form."""
    site = sites.open()
    with site.db.write() as session:
        person_id = find_or_create(session, sites.clock.now(), "ann@example.com", "Ann").id
    with use(site, None, "sms"):
        found = desk.people.find(" Ann@Example.COM ")
        assert found is not None
        assert found == desk.people.get(person_id)
        assert desk.people.find("bob@example.com") is None
        with pytest.raises(NotFound):
            desk.people.get(999)


def test_settings_are_an_object_of_the_plugins_model(both: Sites) -> None:
    """Defaults at first, then what the owner gave; secrets are encrypted in the database."""
    module = both.shelf.put("sms", SETTINGS)
    site = both.with_plugins("sms")
    model = importlib.import_module(module).Settings
    with use(site, None, "sms"):
        assert desk.settings == model()
    with site.db.write() as session:
        save_settings(site, session, "sms", {"number": "42", "token": "very-secret"})
    with site.db.write() as session:
        save_settings(site, session, "sms", {"number": "43", "token": ""})
    with site.db.read() as session:
        assert "very-secret" not in str(session.get_one(SettingsRow, "sms").data)
        with use(site, session, "sms"):
            assert isinstance(desk.settings, model)
            assert desk.settings.number == "43"
            assert desk.settings.token.get_secret_value() == "very-secret"
    with site.db.write() as session, pytest.raises(InvalidSettings, match="no such setting"):
        save_settings(site, session, "sms", {"nummer": "1"})
    with use(site, None, "other"), pytest.raises(PluginError, match="has no settings"):
        _ = desk.settings


def test_the_desk_is_for_plugin_code_alone() -> None:
    """Elsewhere it says where it can be used."""
    for ask in (lambda: desk.session, lambda: desk.settings, lambda: desk.tickets.get(1)):
        with pytest.raises(PluginError, match="can only be used in hooks"):
            ask()
    checked: Desk = desk
    assert checked is desk


def test_a_hook_has_the_desk_and_hooks_in_a_circle_end(both: Sites) -> None:
    """A hook that changes a ticket is asked about that change; the circle is cut and reported."""
    both.shelf.put(
        "circle",
        "@hookimpl\ndef check_change(change, ticket):\n"
        "    desk.tickets.tag(ticket.id, f'again {len(ticket.tags)}')",
    )
    both.shelf.put(
        "helpful",
        "@hookimpl\ndef check_change(change, ticket):\n"
        "    desk.session.get_bind()\n    assert desk.tickets.get(ticket.id) == ticket",
    )
    site = both.with_plugins("circle", "helpful")
    ticket_id = add_ticket(site)
    from plugdesk.tickets.operations import change

    with site.db.write() as session:
        change(site, session, SYSTEM, ticket_id, Change(status=Status.RESOLVED))
    assert "came back to itself" in state_of(site, "circle").failures[0].error or (
        state_of(site, "circle").held_hooks
    )
    with site.db.read() as session, use(site, session, "sms"):
        assert desk.tickets.get(ticket_id).status is Status.RESOLVED
