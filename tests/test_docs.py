"""The documentation says what the code does: settings, commands, hooks, tables, examples, links."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from plugdesk import contract, hookspecs, plugin
from plugdesk.cli.init import make_site
from plugdesk.cli.root import plugdesk
from plugdesk.config import OTHER_VARIABLES, PREFIX, SiteConfig
from plugdesk.contract.tickets import SYSTEM
from plugdesk.db import Base
from plugdesk.db import models as _models  # noqa: F401 - fills Base.metadata
from plugdesk.events.delivery import deliver
from plugdesk.events.operations import record
from plugdesk.plugins import operations
from plugdesk.plugins.states import State
from plugdesk.testing.plugins import Shelf, Sites, add_ticket, on_path
from plugdesk.testing.sites import config_of
from plugdesk.tickets.access import get_ticket
from plugdesk.tickets.infos import ticket_info
from sqlalchemy import text

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "changes/*.md", "plugins/*/README.md")
    for path in ROOT.glob(pattern)
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Variables for work on Plugdesk itself; contributors read about them.
FOR_CONTRIBUTORS = {"CORPORA"}


def read(name: str) -> str:
    """Return a page of the documentation."""
    return (DOCS / name).read_text("utf-8")


def blocks(name: str, language: str = "python") -> list[str]:
    """Return the code blocks of a page in a language."""
    return [code for kind, code in BLOCK.findall(read(name)) if kind == language]


def first_column(page: str) -> list[str]:
    """Return what stands in backquotes at the beginning of each row of the page's tables."""
    return re.findall(r"^\| `([^`]+)`", page, re.MULTILINE)


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Sites]:
    """A site on SQLite with a shelf for plugins."""
    make_site(tmp_path / "site", language="en")
    shelf = Shelf(tmp_path / "plugins")
    with on_path(shelf.folder):
        found = Sites(config_of(tmp_path / "site"), shelf)
        yield found
        found.close()


def test_every_setting_is_documented_and_no_other() -> None:
    """The configuration page lists each field of SiteConfig with its variable and its default."""
    page = read("owners/configuration.md").partition("Three variables")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\S+) \| (.+) \|$", page, re.MULTILINE)
    fields = {name: field for name, field in SiteConfig.model_fields.items() if name != "folder"}
    assert [row[0] for row in rows] == list(fields)
    for name, variable, default, meaning in rows:
        assert variable == PREFIX + name.upper()
        assert default == shown(fields[name].get_default(call_default_factory=True)), name
        assert meaning.endswith((".", ")"))


def shown(default: object) -> str:
    """Return a default as the page writes it."""
    if default == "":
        return "empty"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_every_other_variable_is_documented() -> None:
    """Variables that are no settings stand below the table, or in the contributors' guide."""
    page = read("owners/configuration.md").partition("Three variables")[2]
    expected = {PREFIX + name for name in OTHER_VARIABLES - FOR_CONTRIBUTORS}
    assert set(first_column(page)) == expected
    for name in FOR_CONTRIBUTORS:
        assert PREFIX + name in read("contributing.md")


def commands(
    command: click.Command, *words: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command that does something, with its words."""
    if not isinstance(command, click.Group):
        yield words, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        assert child is not None
        yield from commands(child, *words, name)


def test_every_command_is_documented_with_its_options_and_no_other() -> None:
    """The page of commands lists each with its arguments, and names each option."""
    rows = {}
    for line in read("owners/commands.md").splitlines():
        if match := re.match(r"\| `plugdesk ([^`]+)` \| (.*) \|$", line):
            words = tuple(word for word in match[1].split() if word.islower())
            rows[words] = match[2]
    tree = dict(commands(plugdesk))
    assert rows.keys() == tree.keys()
    for words, row in rows.items():
        options = {
            name
            for parameter in tree[words].params
            if isinstance(parameter, click.Option) and parameter.name not in ("site", "help")
            for name in parameter.opts
        }
        assert set(re.findall(r"`(--[\w-]+)", row)) == options, words


LINES = [
    (page.relative_to(ROOT).as_posix(), found)
    for page in PAGES
    for line in page.read_text("utf-8").splitlines()
    if line.startswith("    ")
    for found in re.findall(r"(?:^|\s|/)plugdesk ((?:[a-z-]+).*)$", line)
]


@pytest.mark.parametrize(("page", "line"), LINES)
def test_commands_in_the_text_can_be_typed(page: str, line: str) -> None:
    """Each indented command line exists, and takes the options and arguments that it is given."""
    typed = shlex.split(line)
    tree = dict(commands(plugdesk))
    found = max((words for words in tree if tuple(typed[: len(words)]) == words), key=len)
    tree[found].make_context("plugdesk", typed[len(found) :])


def signature_of(source: str) -> str:
    """Return the one function of a source text as `def name(arguments) -> answer`."""
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    assert function.returns is not None
    return f"def {function.name}({ast.unparse(function.args)}) -> {ast.unparse(function.returns)}"


def test_every_hook_is_documented_with_kind_and_signature_and_no_other() -> None:
    """The page of hooks has each specification, in their order, exactly as it is."""
    expected = []
    for node in ast.parse(inspect.getsource(hookspecs)).body:
        if isinstance(node, ast.FunctionDef):
            kind = (ast.get_docstring(node) or "").partition(":")[0]
            expected.append((node.name, kind, signature_of(ast.unparse(plain(node)))))
    section = re.compile(r"^### `(\w+)` \((\w+)\)\n\n```python\n(def .*)\n```$", re.MULTILINE)
    assert section.findall(read("plugins/hooks.md")) == expected


def plain(function: ast.FunctionDef) -> ast.FunctionDef:
    """Return a function without its decorators."""
    function.decorator_list = []
    return function


def test_every_kind_of_event_is_documented() -> None:
    """The table of events has every kind that the code records, and no other."""
    recorded = set()
    for path in (ROOT / "core/plugdesk").rglob("*.py"):
        if "testing" not in path.parts:
            recorded |= kinds_in(ast.parse(path.read_text("utf-8")))
    table = read("plugins/events.md").partition("## Kinds")[2]
    assert set(first_column(table)) == recorded


def kinds_in(tree: ast.AST) -> set[str]:
    """Return strings that are named like an event: `message_sent`, `account_paused` …"""
    shape = re.compile(r"(ticket|message|note|person|team|account)_([a-z]+ed|sent|unknown)")
    return {
        argument.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call | ast.Dict)
        for argument in (node.args if isinstance(node, ast.Call) else node.values)
        if isinstance(argument, ast.Constant)
        and isinstance(argument.value, str)
        and shape.fullmatch(argument.value)
    }


def test_every_table_is_in_the_architecture() -> None:
    """The list of tables has each table, and no other."""
    section = read("architecture.md").partition("## Tables")[2].partition("## Rules")[0]
    listed = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)))
    assert sorted(listed) == sorted(Base.metadata.tables)


EXAMPLES = [
    (page.relative_to(DOCS).as_posix(), number, code)
    for page in sorted((DOCS / "plugins").glob("*.md"))
    for number, code in enumerate(blocks(page.relative_to(DOCS).as_posix()))
    if "@hookimpl" in code
]


@pytest.mark.parametrize(("page", "number", "code"), EXAMPLES, ids=lambda value: str(value)[:30])
def test_every_example_of_a_plugin_loads(sites: Sites, page: str, number: int, code: str) -> None:
    """Each example is a plugin that the desk takes; it imports the contract alone."""
    name = found[1] if (found := re.search(r'PluginBlueprint\("(\w+)"', code)) else "example"
    sites.shelf.put(name, code)
    state = sites.open().plugins.state(name)
    assert state.state is State.OFF, state.reason
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("plugdesk"):
            assert node.module == "plugdesk.plugin"
            assert {alias.name for alias in node.names} <= set(plugin.__all__)


def test_the_first_plugin_does_what_it_says(sites: Sites) -> None:
    """Twelve lines tag a ticket about a refund, and leave others alone."""
    (code,) = blocks("plugins/first-plugin.md")
    assert len(code.splitlines()) <= 12
    project = tomllib.loads(blocks("plugins/first-plugin.md", "toml")[0])["project"]
    assert project["entry-points"]["plugdesk"] == {"refunds": "plugdesk_refunds"}
    sites.shelf.put("refunds", code, requires=tuple(project["dependencies"]))
    site = sites.with_plugins("refunds")
    subjects = ("My REFUND, please", "환불 문의", "Hello")
    tickets = [add_ticket(site, subject) for subject in subjects]
    deliver(site)  # the plugin listens from its first delivery on
    with site.db.write() as session:
        for ticket_id in tickets:
            record(session, "ticket_created", SYSTEM, site.clock.now(), ticket_id=ticket_id)
    deliver(site)
    with site.db.read() as session:
        found = [ticket_info(session, get_ticket(session, SYSTEM, one)).tags for one in tickets]
    assert found == [("refund",), ("refund",), ()]


def test_the_example_of_own_tables_works(sites: Sites) -> None:
    """Its table is made when it is switched on, filled by its event, and removed with its data."""
    migration, code = [block for block in blocks("plugins/desk.md") if "calls_call" in block]
    sites.shelf.put("calls", code, files={"migrations/versions/0001_calls.py": migration})
    site = sites.open()
    operations.enable(site, "calls", tried=True)
    ticket_id = add_ticket(site)
    with site.db.write() as session:
        record(session, "note_added", SYSTEM, site.clock.now(), ticket_id=ticket_id)
    deliver(site)
    with site.db.read() as session:
        assert session.execute(text("SELECT ticket_id FROM calls_call")).all() == [(ticket_id,)]
    operations.disable(site, "calls")
    operations.delete_data(site, "calls")


def test_the_desk_is_documented() -> None:
    """The page about the desk names every method that plugins may call."""
    page = read("plugins/desk.md")
    services = {"tickets": "TicketsService", "people": "PeopleService"}
    module: Any = inspect.getmodule(plugin.Desk)
    for name, service in services.items():
        for method in public(getattr(module, service)):
            assert f"desk.{name}.{method}(" in page
    for name in public(plugin.Desk):
        assert f"desk.{name}" in page


def test_the_channel_is_documented() -> None:
    """The page about channels names every member of a channel."""
    page = read("plugins/channels.md")
    assert contract.__doc__
    for name in public(plugin.Channel):
        assert re.search(rf"^\| `{name}\b", page, re.MULTILINE), name


def public(cls: type) -> list[str]:
    """Return the public names that a class defines itself."""
    names = {*vars(cls), *vars(cls).get("__annotations__", {})}
    return sorted(name for name in names if not name.startswith("_"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in words}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Every link to a file of ours names a file that is there, and a heading that it has."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        name, _sharp, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


def test_the_promise_is_the_same_everywhere_in_english() -> None:
    """The README prints the promise, and its picture is small enough for a page."""
    readme = (ROOT / "README.md").read_text("utf-8")
    promise = " ".join(re.findall(r"^> (.*)$", readme, re.MULTILINE))
    assert promise.startswith("A message that the server accepted for a mailbox we read becomes")
    assert promise.endswith("when we cannot know, we say so instead of sending again.")
    assert (DOCS / "images/inbox.png").stat().st_size < 150_000
