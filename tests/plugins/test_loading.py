"""Whatever is wrong with a plugin's code holds that plugin, with the reason, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plugdesk.plugins.states import State

if TYPE_CHECKING:
    from plugdesk.testing.plugins import Shelf, Sites

CHANNEL = """
from pydantic import BaseModel
class Settings(BaseModel):
    number: str = ""
class Sms(Channel[Settings]):
    name = "{name}"
    label = "SMS"
    settings = Settings
@hookimpl
def channels():
    return [Sms]
"""

BAD = {
    "missing module": ("import no_such_module", "ModuleNotFoundError"),
    "syntax error": ("def broken(:", "SyntaxError"),
    "exit": ("raise SystemExit('bye')", "SystemExit: bye"),
    "strange exception": ("raise type('Odd', (BaseException,), {})('odd')", "odd"),
    "unknown hook": ("@hookimpl\ndef ticket_creatd(event): pass", "unknown hook 'ticket_creatd'"),
    "unknown argument": ("@hookimpl\ndef navigation(agnet): pass", "agnet"),
    "keyword only": ("@hookimpl\ndef navigation(*, agent): pass", "missing a required"),
    "asynchronous": ("@hookimpl\nasync def navigation(agent): pass", "asynchronous or yields"),
    "generator": ("@hookimpl\ndef event(event): yield", "asynchronous or yields"),
    "twice": (
        "@hookimpl\ndef navigation(): pass\n@hookimpl(specname='navigation')\ndef more(): pass",
        "twice",
    ),
    "wrapper": ("@hookimpl(wrapper=True)\ndef navigation(agent): yield", "is a wrapper"),
    "old wrapper": ("@hookimpl(hookwrapper=True)\ndef event(event): yield", "is a wrapper"),
    "collect raises": ("@hookimpl\ndef jobs(): return 1 / 0", "ZeroDivisionError"),
    "channels not a list": ("@hookimpl\ndef channels(): return 'sms'", "should be a list"),
    "channels of the wrong kind": ("@hookimpl\ndef channels(): return [int]", "of Channel"),
    "channel without a name": (
        "class Odd(Channel): pass\n@hookimpl\ndef channels(): return [Odd]",
        "Odd.name is None",
    ),
    "channel without a label": (
        "class Odd(Channel): name = 'odd'\n@hookimpl\ndef channels(): return [Odd]",
        "Odd.label",
    ),
    "channel without settings": (
        "class Odd(Channel): name, label = 'odd', 'Odd'\n@hookimpl\ndef channels(): return [Odd]",
        "Odd.settings",
    ),
    "settings no model": ("@hookimpl\ndef settings(): return dict", "of BaseModel"),
    "job that never runs": (
        (
            "from datetime import timedelta\n@hookimpl\ndef jobs():\n"
            "    return [Job(name='x', every=timedelta(0), run=print)]"
        ),
        "every so many seconds",
    ),
    "jobs with one name": (
        (
            "from datetime import timedelta\n@hookimpl\ndef jobs():\n"
            "    return [Job(name='x', every=timedelta(9), run=print)] * 2"
        ),
        "two jobs named 'x'",
    ),
    "pages in another's name": (
        "@hookimpl\ndef blueprint(): return PluginBlueprint('mailbox', __name__)",
        "in the name of 'mailbox'",
    ),
}

WHOLE, OUTSIDE = "change the whole site", "outside of '/desk/x/bad/'"
PAGES = {
    "before_app_request": ("pages.before_app_request(print)", "PluginBlueprint.before_app_request"),
    "app_errorhandler": ("pages.app_errorhandler(404)(print)", "PluginBlueprint.app_errorhandler"),
    "app_context_processor": ("pages.app_context_processor(dict)", "app_context_processor"),
    "template filter": ("pages.add_app_template_filter(str, 'x')", "add_app_template_filter"),
    "record_once": ("pages.record_once(print)", "PluginBlueprint.record_once"),
    "nested": (
        "import flask; pages.register_blueprint(flask.Blueprint('x', __name__))",
        "PluginBlueprint.register_blueprint",
    ),
    "before by record": ("pages.record(lambda state: state.app.before_request(print))", WHOLE),
    "handler by record": (
        "pages.record(lambda s: s.app.register_error_handler(404, print))",
        "(errorhandler)",
    ),
    "teardown by record": ("pages.record(lambda s: s.app.teardown_appcontext(print))", WHOLE),
    "filter by record": ("pages.record(lambda s: s.app.jinja_env.filters.update(e=str))", WHOLE),
    "configuration by record": ("pages.record(lambda s: s.app.config.update(TESTING=True))", WHOLE),
    "page elsewhere": ("pages.record(lambda s: s.app.add_url_rule('/login', 'l', print))", OUTSIDE),
    "wrong page": (
        "pages.record(lambda s: s.app.add_url_rule('/x', 'plugin_bad.x', print))",
        OUTSIDE,
    ),
    "another host": ("pages.add_url_rule('/', 'x', print, subdomain='www')", OUTSIDE),
    "raising": ("pages.record(lambda state: 1 / 0)", "ZeroDivisionError"),
}


@pytest.mark.parametrize(("code", "reason"), BAD.values(), ids=BAD)
def test_bad_code_holds_its_plugin_alone(
    sites: Sites, shelf: Shelf, code: str, reason: str
) -> None:
    """The site opens, the bad plugin is held with its reason, and its neighbour works."""
    shelf.put("bad", code)
    shelf.put("good", "@hookimpl\ndef navigation(): return NavItem(label='Good', url='/')")
    site = sites.with_plugins("bad", "good")
    state = site.plugins.state("bad")
    assert state.state is State.HELD
    assert reason in state.reason
    assert site.plugins.enabled() == {"good"}
    assert [plugin for plugin, _ in site.hooks.ask("navigation", agent=None)] == ["good"]


@pytest.mark.parametrize(("code", "reason"), PAGES.values(), ids=PAGES)
def test_pages_that_reach_beyond_their_place_hold_the_plugin(
    sites: Sites, shelf: Shelf, code: str, reason: str
) -> None:
    """App-wide registrars, also through `record`, and pages elsewhere are seen at load."""
    shelf.put(
        "bad",
        f"@hookimpl\ndef blueprint():\n    pages = PluginBlueprint('bad', __name__)\n"
        f"    {code}\n    return pages",
    )
    state = sites.open().plugins.state("bad")
    assert state.state is State.HELD
    assert reason in state.reason


def test_a_channel_name_belongs_to_the_first_plugin(sites: Sites, shelf: Shelf) -> None:
    """Of two plugins with one channel name the later is held, and its other channels are free."""
    shelf.put("one", CHANNEL.format(name="sms"))
    shelf.put("two", CHANNEL.format(name="sms"))
    site = sites.with_plugins("one", "two")
    assert site.plugins.channel("sms")[0] == "one"
    assert site.plugins.state("two").state is State.HELD
    assert "'one' brings a channel named 'sms'" in site.plugins.state("two").reason


def test_what_a_plugin_adds_is_listed(sites: Sites, shelf: Shelf) -> None:
    """The plugins page can say what switching it on will bring."""
    shelf.put(
        "sms",
        CHANNEL.format(name="sms") + "from datetime import timedelta\n"
        "@hookimpl\ndef jobs(): return (Job(name='poll', every=timedelta(1), run=print),)\n"
        "@hookimpl\ndef settings(): return Settings\n"
        "@hookimpl\ndef blueprint(): return PluginBlueprint('sms', __name__)\n",
    )
    site = sites.open()
    assert site.plugins.state("sms").reason == ""
    adds = site.plugins.state("sms").adds
    assert (adds.channels, adds.jobs, adds.pages, adds.settings) == (
        ("sms",),
        ("poll",),
        True,
        True,
    )
    assert adds.hooks == ("blueprint", "channels", "jobs", "settings")
    assert [plugin for plugin, _ in site.hooks.collect("jobs")] == ["sms"]
    assert site.plugins.channels() == []
    assert site.plugins.settings_model("sms") is not None


def test_a_broken_catalogue_holds_the_plugin(sites: Sites, shelf: Shelf) -> None:
    """A translation that cannot be read would take down every page in that language."""
    shelf.put("sms", "", files={"translations/ko/LC_MESSAGES/messages.po": "\\xff nonsense"})
    path = next(shelf.folder.rglob("messages.po"))
    path.write_bytes(b'msgid "\xff"\nmsgstr "x"\n')
    assert sites.open().plugins.state("sms").state is State.HELD


def test_broken_migrations_hold_the_plugin(sites: Sites, shelf: Shelf) -> None:
    """Scripts that cannot be read are found before anybody switches the plugin on."""
    shelf.put("sms", "", files={"migrations/versions/one.py": "raise RuntimeError('no script')"})
    state = sites.open().plugins.state("sms")
    assert state.state is State.HELD
    assert "no script" in state.reason
