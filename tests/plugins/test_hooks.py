"""Asking plugins: kinds of hooks, wrong answers, failures, holds, slowness."""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

import pytest
from plugdesk.contract.events import Event
from plugdesk.contract.messages import IncomingMessage
from plugdesk.contract.tickets import SYSTEM
from plugdesk.errors import PluginError
from plugdesk.plugins import operations
from plugdesk.testing.plugins import eventually, refresh, state_of

if TYPE_CHECKING:
    from plugdesk.testing.plugins import Shelf, Sites

LINK = "@hookimpl\ndef navigation(): return NavItem(label='{}', url='/')"
RAISING = "@hookimpl\ndef navigation(agent): return 1 / 0"
MESSAGE = IncomingMessage(sender=None, subject="Hello")


def an_event(sites: Sites, kind: str = "note_added") -> Event:
    """Return an event as delivery hands it over."""
    return Event(id=1, position=1, kind=kind, at=sites.clock.now(), actor=SYSTEM)


def test_ask_collects_answers_by_plugin_name(sites: Sites, shelf: Shelf) -> None:
    """None is left out, a list becomes several answers, and the order is that of the names."""
    shelf.put("zebra", LINK.format("Z"))
    shelf.put("ant", "@hookimpl(trylast=True)\ndef navigation(): return [\n"
              " NavItem(label='A', url='/'), NavItem(label='B', url='/')]")  # fmt: skip
    shelf.put("mute", "@hookimpl\ndef navigation(): return None")
    site = sites.with_plugins("zebra", "ant", "mute")
    answers = site.hooks.ask("navigation", agent=SYSTEM)
    assert [(plugin, item.label) for plugin, item in answers] == [
        ("ant", "A"),
        ("ant", "B"),
        ("zebra", "Z"),
    ]


def test_a_plugin_that_is_off_is_not_asked(sites: Sites, shelf: Shelf) -> None:
    """Loaded is not enabled."""
    shelf.put("sms", LINK.format("S"))
    assert sites.open().hooks.ask("navigation", agent=SYSTEM) == []


def test_hooks_get_the_arguments_that_they_name(sites: Sites, shelf: Shelf) -> None:
    """A plugin leaves out what it does not need."""
    shelf.put("one", "@hookimpl\ndef find_ticket(account_id): return account_id")
    site = sites.with_plugins("one")
    assert site.hooks.first("find_ticket", message=MESSAGE, account_id=7) == ("one", 7)


def test_first_takes_the_first_answer_that_is_accepted(sites: Sites, shelf: Shelf) -> None:
    """An answer that the desk refuses lets the next plugin answer; later ones are not asked."""
    for name, answer in (("a", "None"), ("b", "1"), ("c", "2"), ("d", "1 / 0")):
        shelf.put(name, f"@hookimpl\ndef find_ticket(message): return {answer}")
    site = sites.with_plugins("a", "b", "c", "d")
    found = site.hooks.first(
        "find_ticket", accept=lambda _plugin, answer: answer == 2, message=MESSAGE, account_id=7
    )
    assert found == ("c", 2)
    assert state_of(site, "d").failures == ()
    assert (
        site.hooks.first("find_ticket", accept=lambda *_: False, message=None, account_id=7) is None
    )


def test_chain_hands_each_replacement_to_the_next(sites: Sites, shelf: Shelf) -> None:
    """What a plugin raises, or answers wrongly, leaves the value as the one before gave it."""
    add = (
        "from dataclasses import replace\n@hookimpl\n"
        "def message_incoming(message): return replace(message, subject=message.subject + '{}')"
    )
    shelf.put("a", add.format("a"))
    shelf.put("b", "@hookimpl\ndef message_incoming(message): return message.subject")
    shelf.put("c", "@hookimpl\ndef message_incoming(message): raise ValueError")
    shelf.put("d", "@hookimpl\ndef message_incoming(message): return None")
    shelf.put("e", add.format("e"))
    site = sites.with_plugins("a", "b", "c", "d", "e")
    assert site.hooks.chain("message_incoming", "message", MESSAGE).subject == "Helloae"
    assert [state.name for state in site.plugins.states() if state.failures] == ["b", "c"]


@pytest.mark.parametrize(
    "answer",
    ["'text'", "NavItem", "[NavItem(label='x', url='/'), 3]", "iter([])", "object()", "{}", "True"],
)
def test_an_answer_of_the_wrong_type_is_the_plugins_failure(
    sites: Sites, shelf: Shelf, answer: str
) -> None:
    """Nothing of a wrong answer reaches the caller, and the failure says what was expected."""
    shelf.put("bad", f"@hookimpl\ndef navigation(): return {answer}")
    site = sites.with_plugins("bad")
    assert site.hooks.ask("navigation", agent=SYSTEM) == []
    (failure,) = state_of(site, "bad").failures
    assert "should be a NavItem" in failure.error


@pytest.mark.parametrize("answer", ["True", "'7'", "7.0"])
def test_a_number_has_to_be_a_number(sites: Sites, shelf: Shelf, answer: str) -> None:
    """True would be ticket 1."""
    shelf.put("bad", f"@hookimpl\ndef find_ticket(): return {answer}")
    site = sites.with_plugins("bad")
    assert site.hooks.first("find_ticket", message=MESSAGE, account_id=7) is None
    assert state_of(site, "bad").failures


def test_the_fifth_failure_within_ten_minutes_holds_the_hook(both: Sites) -> None:
    """It is not called any more in any process, visibly with its traceback, until a retry."""
    both.shelf.put("bad", RAISING + "\n@hookimpl\ndef find_ticket(): return 4")
    site, other = both.with_plugins("bad"), both.open()
    for _ in range(4):
        site.hooks.ask("navigation", agent=SYSTEM)
    (failure,) = state_of(site, "bad").failures
    assert (failure.hook, failure.count) == ("navigation", 4)
    assert state_of(site, "bad").healthy
    site.hooks.ask("navigation", agent=SYSTEM)
    (hold,) = state_of(site, "bad").held_hooks
    assert hold.hook == "navigation"
    assert "ZeroDivisionError" in hold.error
    assert not state_of(site, "bad").healthy
    assert site.plugins.active("navigation") == ()
    assert site.hooks.first("find_ticket", message=MESSAGE, account_id=1) == ("bad", 4)
    site.hooks.close()
    assert refresh(other)
    assert other.plugins.is_held("bad", "navigation")
    assert "ZeroDivisionError" in state_of(other, "bad").held_hooks[0].error
    operations.retry(other, "bad", "navigation")
    assert refresh(site)
    assert not site.plugins.is_held("bad", "navigation")
    site.hooks.ask("navigation", agent=SYSTEM)
    (failure,) = state_of(site, "bad").failures
    assert failure.count == 1


def test_failures_far_apart_do_not_hold(sites: Sites, shelf: Shelf) -> None:
    """Five failures within ten minutes are too many; one every three minutes is not."""
    shelf.put("bad", RAISING)
    site = sites.with_plugins("bad")
    for _ in range(12):
        site.hooks.ask("navigation", agent=SYSTEM)
        sites.clock.move(minutes=3)
    assert not site.plugins.is_held("bad", "navigation")


def test_a_hold_is_saved_also_when_the_work_around_it_is_undone(both: Sites) -> None:
    """The hold belongs to no transaction of the desk: it neither undoes one nor goes with it."""
    both.shelf.put("bad", RAISING)
    site = both.with_plugins("bad")
    with pytest.raises(RuntimeError), site.db.write() as session:  # noqa: PT012
        for _ in range(5):
            site.hooks.ask("navigation", session=session, agent=SYSTEM)
        raise RuntimeError
    site.hooks.close()
    assert both.open().plugins.is_held("bad", "navigation")


def test_own_is_for_one_plugin_and_says_what_went_wrong(sites: Sites, shelf: Shelf) -> None:
    """A plugin that is off can be told, and its failure reaches the caller as a sentence."""
    shelf.put("bad", "@hookimpl\ndef plugin_enabled(): raise SystemExit('no')")
    site = sites.open()
    site.hooks.own("bad", "plugin_disabled")
    with pytest.raises(PluginError, match="'bad' failed in plugin_enabled"):
        site.hooks.own("bad", "plugin_enabled")


def test_an_event_goes_to_its_own_hook_and_then_to_event(sites: Sites, shelf: Shelf) -> None:
    """A kind that is no event hook reaches `event` alone, whatever it is called."""
    module = shelf.put(
        "log",
        "seen = []\n@hookimpl\ndef note_added(event): seen.append(1)\n"
        "@hookimpl\ndef event(event): seen.append(event.kind)\n"
        "@hookimpl\ndef navigation(): seen.append('wrong')",
    )
    site = sites.with_plugins("log")
    with site.db.write() as session:
        for kind in ("note_added", "navigation", "event", "strange"):
            site.hooks.deliver("log", an_event(sites, kind), session)
    seen = importlib.import_module(module).seen
    assert seen == [1, "note_added", "navigation", "event", "strange"]


@pytest.mark.parametrize(
    ("code", "error"), [("1 / 0", ZeroDivisionError), ("raise SystemExit", PluginError)]
)
def test_delivery_learns_what_a_plugin_raises(
    sites: Sites, shelf: Shelf, code: str, error: type[Exception]
) -> None:
    """Delivery has its own retries; a plugin that tries to end the process is an error too."""
    shelf.put("bad", f"@hookimpl\ndef event(event): {code}")
    site = sites.with_plugins("bad")
    with site.db.write() as session, pytest.raises(error):
        site.hooks.deliver("bad", an_event(sites), session)


def test_a_slow_call_is_logged_by_name(
    sites: Sites, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """More than 250 ms in one hook is worth a line that names the plugin and the hook."""
    shelf.put("slow", "import time\n@hookimpl\ndef navigation(): time.sleep(0.26)")
    shelf.put("fast", "@hookimpl\ndef navigation(): pass")
    site = sites.with_plugins("slow", "fast")
    with caplog.at_level(logging.WARNING, "plugdesk.hooks"):
        site.hooks.ask("navigation", agent=SYSTEM)
    assert [record.getMessage().split(" took ")[0] for record in caplog.records] == [
        "The plugin slow"
    ]


def test_calls_can_be_traced(
    sites: Sites, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """PLUGDESK_TRACE_HOOKS=1 prints every call."""
    monkeypatch.setenv("PLUGDESK_TRACE_HOOKS", "1")
    shelf.put("sms", LINK.format("S"))
    sites.with_plugins("sms").hooks.ask("navigation", agent=SYSTEM)
    assert capsys.readouterr().err.startswith("hook navigation sms ")


def test_ctrl_c_is_not_swallowed(sites: Sites, shelf: Shelf) -> None:
    """Whoever presses Ctrl+C in a terminal ends the command, wherever it is."""
    shelf.put("sms", "@hookimpl\ndef navigation(): raise KeyboardInterrupt")
    site = sites.with_plugins("sms")
    with pytest.raises(KeyboardInterrupt):
        site.hooks.ask("navigation", agent=SYSTEM)


def test_an_error_that_cannot_be_shown_is_still_counted(sites: Sites, shelf: Shelf) -> None:
    """An exception whose text raises, or has characters no database takes, hurts nobody."""
    shelf.put(
        "bad",
        "class Odd(Exception):\n    def __str__(self): raise SystemExit\n"
        "@hookimpl\ndef navigation(): raise Odd\n"
        "@hookimpl\ndef find_ticket(): raise ValueError('\\0 \\ud800')",
    )
    site = sites.with_plugins("bad")
    for _ in range(5):
        site.hooks.ask("navigation", agent=SYSTEM)
        site.hooks.first("find_ticket", message=MESSAGE, account_id=1)
    eventually(lambda: {hold.hook for hold in state_of(sites.open(), "bad").held_hooks}
               == {"navigation", "find_ticket"})  # fmt: skip
