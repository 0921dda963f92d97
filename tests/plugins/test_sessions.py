"""A plugin cannot end, break or fill with errors the transaction that it is called in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plugdesk.contract.tickets import SYSTEM
from plugdesk.db import Database
from plugdesk.db.guests import TransactionLost, call, host, visit
from plugdesk.errors import PluginError
from plugdesk.settings.models import Counter
from plugdesk.testing.plugins import eventually, state_of, subjects
from plugdesk.tickets.models import Tag
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from plugdesk.testing.plugins import Sites

IMPORTS = """
from plugdesk.tickets.models import Tag, Ticket
from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session, object_session
from plugdesk.db import guests
"""

#: What a plugin may do to the session, and whether the desk's own work goes through at once.
ABUSES = {
    "constraint": "desk.session.execute(insert(Tag).values(id=1, name='taken'))",
    "swallowed constraint": """
        try:
            desk.session.execute(insert(Tag).values(id=1, name='taken'))
        except Exception:
            pass""",
    "swallowed flush": """
        desk.session.add(Tag(id=1, name='taken'))
        try:
            desk.session.flush()
        except Exception:
            pass""",
    "pending rubbish": "desk.session.add(Tag(id=1, name='taken'))",
    "rubbish in SQL": "desk.session.execute(text('no such words'))",
    "commit": "desk.session.commit()",
    "rollback": "desk.session.rollback()",
    "close": "desk.session.close()",
    "reset": "desk.session.reset()",
    "invalidate": "desk.session.invalidate()",
    "swallowed rollback": """
        try:
            desk.session.rollback()
        except BaseException:
            pass""",
    "expunge": "desk.session.expunge_all()",
    "begin": "desk.session.begin()",
    "COMMIT": "desk.session.execute(text('COMMIT'))",
    "commented": "desk.session.execute(text('/* x */ -- y\\n  rollback work'))",
    "second statement": "desk.session.execute(text('SELECT 1; COMMIT'))",
    "connection": "desk.session.connection().commit()",
    "transaction": "desk.session.get_transaction().rollback()",
    "exit": "desk.session.add(Tag(id=7, name='seven')); raise SystemExit(3)",
    "nested left open": "desk.session.begin_nested(); desk.session.add(Tag(id=8)); 1 / 0",
    "stolen row": """
        tag = desk.session.get(Tag, 1)
        object_session(tag).rollback()""",
}

#: What slips past the session's own methods: the work is undone whole and the hook held at once.
BREAKS = {
    "base class": "Session.commit(desk.session)",
    "transaction": "Session.get_transaction(desk.session).rollback()",
    "connection commit": "Session.connection(desk.session).commit()",
    "connection rollback": "Session.connection(desk.session).rollback()",
    "driver commit": "Session.connection(desk.session).connection.driver_connection.commit()",
    "driver rollback": "Session.connection(desk.session).connection.driver_connection.rollback()",
    "invalidated": "Session.connection(desk.session).invalidate()",
}


def hook(code: str) -> str:
    """Return a plugin that does this when it is asked for links."""
    lines = "\n".join(line.strip("\n") for line in code.splitlines())
    body = lines if lines.startswith("\n") or "\n" in lines else f"        {lines}"
    return f"{IMPORTS}@hookimpl\ndef navigation(agent):\n        pass\n{body}\n"


def make_tag(session: Session, number: int, name: str) -> None:
    """Do some of the desk's own work."""
    session.add(Tag(id=number, name=name))
    session.flush()


def tags(sites: Sites) -> list[str]:
    """Return what is in the database, seen from a new connection."""
    database = Database(sites.config.database_url)
    with database.read() as session:
        found = list(session.scalars(select(Tag.name).order_by(Tag.id)))
    database.close()
    return found


@pytest.mark.parametrize("code", ABUSES.values(), ids=ABUSES)
def test_what_a_plugin_does_to_the_session_hurts_it_alone(both: Sites, code: str) -> None:
    """The desk's work before and after it is committed, and so is its neighbour's."""
    both.shelf.put("bad", hook(code))
    both.shelf.put("good", hook("desk.session.add(Tag(id=5, name='good'))"))
    site = both.with_plugins("bad", "good")
    with site.db.write() as session:
        make_tag(session, 1, "before")
        assert site.hooks.ask("navigation", session=session, agent=SYSTEM) == []
        make_tag(session, 2, "after")
    assert tags(both) == ["before", "after", "good"]
    assert not state_of(site, "good").failures


@pytest.mark.parametrize("code", BREAKS.values(), ids=BREAKS)
def test_a_broken_transaction_is_undone_and_its_culprit_held_at_once(
    both: Sites, code: str
) -> None:
    """The work is refused with a sentence, never half done; tried again, it goes through."""
    both.shelf.put("bad", hook(code))
    site = both.with_plugins("bad")

    def work() -> None:
        with site.db.write() as session:
            make_tag(session, 1, "before")
            site.hooks.ask("navigation", session=session, agent=SYSTEM)
            make_tag(session, 2, "after")

    with pytest.raises(PluginError, match="'bad' broke the transaction"):
        work()
    assert site.plugins.is_held("bad", "navigation")
    if code.endswith("driver_connection.commit()"):
        assert tags(both) == ["before"]  # nothing can undo that
        return
    assert tags(both) == []
    work()
    assert tags(both) == ["before", "after"]


def test_a_plugin_that_does_not_use_the_session_costs_no_savepoint(both: Sites) -> None:
    """The savepoint is opened when it is needed."""
    both.shelf.put("idle", hook("pass"))
    site = both.with_plugins("idle")
    statements: list[str] = []
    from sqlalchemy import event

    event.listen(site.db.writer, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with site.db.write() as session:
        site.hooks.ask("navigation", session=session, agent=SYSTEM)
        make_tag(session, 1, "one")
    assert not any("SAVEPOINT" in statement for statement in statements)


def test_a_plugin_may_undo_its_own_part(both: Sites) -> None:
    """Savepoints of its own are a plugin's right."""
    both.shelf.put(
        "careful",
        hook("""
        try:
            with desk.session.begin_nested():
                desk.session.add(Tag(id=3, name='gone'))
                desk.session.flush()
                raise ValueError
        except ValueError:
            desk.session.add(Tag(id=4, name='kept'))"""),
    )
    site = both.with_plugins("careful")
    with site.db.write() as session:
        site.hooks.ask("navigation", session=session, agent=SYSTEM)
    assert tags(both) == ["kept"]
    assert not state_of(site, "careful").failures


def test_a_page_that_only_reads_survives_too(both: Sites) -> None:
    """On a reading session the database refuses the plugin's writing, and the page goes on."""
    both.shelf.put("bad", hook("desk.session.execute(insert(Tag).values(id=1, name='x'))"))
    site = both.with_plugins("bad")
    with site.db.read() as session:
        assert site.hooks.ask("navigation", session=session, agent=SYSTEM) == []
        assert session.scalar(select(func.count()).select_from(Tag)) == 0
    assert state_of(site, "bad").failures


def test_a_lost_connection_is_not_the_plugins_fault(postgres: object, both: Sites) -> None:
    """When the database goes away during a hook, the caller learns that, and nothing is held."""
    if both.config.database_url.startswith("sqlite"):
        pytest.skip("SQLite has no server that could go away")
    both.shelf.put("unlucky", hook("desk.session.execute(text('SELECT 1'))"))
    site = both.with_plugins("unlucky")
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError), site.db.write() as session:  # noqa: PT012
        pid = session.scalar(text("SELECT pg_backend_pid()"))
        with site.db.read() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        site.hooks.ask("navigation", session=session, agent=SYSTEM)
    assert not state_of(site, "unlucky").failures


def test_hooks_within_hooks_are_guarded_each_for_itself(both: Sites) -> None:
    """A guest that calls the desk, which calls a guest, is still a guest afterwards."""
    site = both.open()

    def outer(session: Session) -> int:
        session.add(Tag(id=1, name="outer"))
        with host():
            with pytest.raises(ZeroDivisionError):
                call(session, lambda: inner(session))
            make_tag(session, 2, "desk")
        with pytest.raises(PluginError):
            session.commit()
        return 1

    def inner(session: Session) -> float:
        make_tag(session, 3, "inner")
        return 1 / 0

    with site.db.write() as session:
        assert call(session, lambda: outer(session)) == 1
        assert session.get(Counter, "x") is None
    assert tags(both) == ["outer", "desk"]


def test_a_session_that_is_not_ours_is_watched_too(both: Sites) -> None:
    """A plain session has no refusing methods, but a lost transaction is seen."""
    site = both.open()
    with Session(site.db.writer) as session:
        session.begin()
        make_tag(session, 1, "one")
        with pytest.raises(TransactionLost):
            call(session, session.rollback)


def test_a_visit_ends_when_its_block_ends() -> None:
    """Nothing of the guard is left in the thread, also after an error."""
    with pytest.raises(KeyError), visit():
        raise KeyError
    with host():
        pass
    assert not hasattr(Session, "visit")


@pytest.mark.parametrize("how", ["raise ValueError", "raise SystemExit", "desk.session.rollback()"])
def test_holding_a_hook_while_the_ticket_is_saved(both: Sites, how: str) -> None:
    """Five messages in one transaction meet a bad plugin: all are kept, then it is held."""
    both.shelf.put("bad", hook(how))
    site = both.with_plugins("bad")
    with site.db.write() as session:
        for number in range(7):
            make_tag(session, number + 1, f"tag {number}")
            site.hooks.ask("navigation", session=session, agent=SYSTEM)
    assert len(tags(both)) == 7
    assert subjects(site) == []
    eventually(lambda: state_of(both.open(), "bad").held_hooks != ())
