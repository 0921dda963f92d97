"""Commands that carry an example, take `--site` anywhere and explain themselves in Korean too."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import click

from plugdesk.cli import failures
from plugdesk.i18n import gettext as _


@dataclass
class Chosen:
    """What the options that belong to no command in particular have said."""

    site: Path | None = None


class Formatter(click.HelpFormatter):
    """Gives the headings of a help page in the reader's language."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that says how to call the command."""
        super().write_usage(prog, args, _("Usage:") + " ")

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        headings = {
            "Options": _("Options"),
            "Commands": _("Commands"),
            "Arguments": _("Arguments"),
        }
        super().write_heading(headings.get(heading, heading))


class Context(click.Context):
    """What is known while a command runs."""

    formatter_class = Formatter


def site_folder() -> Path:
    """Return the folder that `--site` or PLUGDESK_SITE names, or else the current one."""
    context = click.get_current_context(silent=True)
    return _folder(context.find_object(Chosen) if context else None)


def _folder(chosen: Chosen | None) -> Path:
    named = chosen.site if chosen else None
    return named or Path(os.environ.get("PLUGDESK_SITE") or ".")


def _remember_site(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    chosen = context.find_object(Chosen)
    if value is not None and chosen is not None:
        chosen.site = value


def _site_option() -> click.Option:
    return click.Option(
        ["--site"],
        type=click.Path(path_type=Path),
        metavar=_("FOLDER"),
        expose_value=False,
        callback=_remember_site,
        help=_("The site's folder; else PLUGDESK_SITE, else the current folder."),
    )


class Command(click.Command):
    """A command of ours. `example` stands at the end of its help."""

    context_class = Context

    def __init__(self, *arguments: Any, example: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.example = example
        self.params.append(_site_option())

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return `--help`, explained in the reader's language."""
        return _translated(super().get_help_option(ctx))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example."""
        super().format_epilog(ctx, formatter)
        _write_example(self.example, formatter)


class Group(click.Group):
    """Commands by name, each imported when it is called."""

    context_class = Context

    def __init__(
        self,
        *arguments: Any,
        example: str = "",
        lazy: Mapping[str, tuple[str, str]] | None = None,
        **options: Any,
    ) -> None:
        """`lazy` maps a name to `module:attribute` and to the line that lists the command."""
        super().__init__(*arguments, **options)
        self.example = example
        self.params.append(_site_option())
        self._lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they are listed."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name."""
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, _colon, attribute = self._lazy[cmd_name][0].partition(":")
        return cast("click.Command", getattr(importlib.import_module(module), attribute))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        if not self._lazy:
            super().format_commands(ctx, formatter)
            return
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_path, line) in self._lazy.items()])

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return `--help`, explained in the reader's language."""
        return _translated(super().get_help_option(ctx))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example."""
        super().format_epilog(ctx, formatter)
        _write_example(self.example, formatter)

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run, and end with a sentence whatever goes wrong."""
        chosen = Chosen()
        run = partial(super().main, *arguments, **{**options, "standalone_mode": False})
        return failures.explained(partial(run, obj=chosen), lambda: _folder(chosen))


def command(**options: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command of a function: `help` and `example` are wanted from each."""
    return click.command(cls=Command, **options)


def _translated(option: click.Option | None) -> click.Option | None:
    if option is not None:
        option.help = _("Show this message and exit.")
    return option


def _write_example(example: str, formatter: click.HelpFormatter) -> None:
    if not example:
        return
    with formatter.section(_("Example")):
        for line in example.splitlines():
            formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
