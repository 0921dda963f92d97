"""Every command explains itself."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from plugdesk.cli.base import Command, Group
from plugdesk.cli.root import plugdesk

from .conftest import Run


def commands(
    command: click.Command, *words: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Walk the tree of commands."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from commands(child, *words, name)


TREE = dict(commands(plugdesk))


def test_all_commands_are_there() -> None:
    """The tree has the commands that the owner's guide names."""
    wanted = {
        *("init", "serve", "worker", "demo", "upgrade"),
        *("user add", "user list", "user password"),
        *(f"plugins {name}" for name in ("list", "enable", "disable", "check", "retry")),
        *(f"accounts {name}" for name in ("list", "add", "check", "fetch")),
    }
    assert wanted <= {" ".join(words) for words in TREE}


@pytest.mark.parametrize("words", TREE, ids=" ".join)
def test_help_has_an_example(words: tuple[str, ...], run: Run) -> None:
    """`--help` says what the command does, takes `--site`, and ends with its example."""
    command = TREE[words]
    assert isinstance(command, Command | Group)
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert command.example
    shown = [line.strip() for line in result.output.rstrip().splitlines()]
    assert shown[-len(command.example.splitlines()) :] == command.example.splitlines()
    assert command.help
    assert "--site FOLDER" in result.output


EXAMPLES = [(line, words) for words, one in TREE.items() for line in one.example.splitlines()]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("example", "words"), EXAMPLES)
def test_examples_can_be_typed(example: str, words: tuple[str, ...]) -> None:
    """Each example calls a command that exists, with options and arguments that it takes."""
    program, *typed = shlex.split(example)
    assert program == "plugdesk"
    name = tuple(typed[: len(words)])
    found = max((one for one in TREE if tuple(typed[: len(one)]) == one), key=len)
    assert name == words or not words
    command = TREE[found]
    command.make_context("plugdesk", typed[len(found) :])


def test_every_option_is_explained() -> None:
    """No option stands in a help page without a word about it."""
    for words, command in TREE.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (words, parameter.name)


def test_help_is_korean_in_a_korean_terminal() -> None:
    """LANG decides the language of help pages, headings included."""
    environment = {**os.environ, "LANG": "ko_KR.UTF-8", "PYTHONIOENCODING": "utf-8"}
    environment.pop("LC_ALL", None)
    shown = subprocess.run(
        [sys.executable, "-m", "plugdesk.cli", "init", "--help"],
        env=environment,
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
    ).stdout
    assert "사용법: plugdesk init" in shown
    assert "폴더" in shown


def test_help_is_quick() -> None:
    """`plugdesk --help` imports neither the database nor the web."""
    code = (
        "import sys\nfrom plugdesk.cli import main\nsys.argv = ['plugdesk', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(sorted({'sqlalchemy', 'flask', 'pydantic'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.splitlines()[-1] == "[]"
