"""How a command ends when something goes wrong: with a sentence, never with a traceback."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from plugdesk.cli.logs import without_secrets
from plugdesk.errors import PlugdeskError
from plugdesk.i18n import gettext as _

LOG_NAME = "errors.log"
INTERRUPTED = 130  # what shells report for SIGINT


def explained(run: Callable[[], Any], site_folder: Callable[[], Path]) -> NoReturn:
    """Call `run`, a click command's `main`, and end the process as a person can understand."""
    try:
        code = run()
    except click.Abort:
        _end(_("Stopped."), INTERRUPTED)
    except click.ClickException as error:
        _end(_usage(error), error.exit_code)
    except PlugdeskError as error:
        _debug()
        _end(str(error), 1)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader is gone
        sys.exit(1)
    except Exception as error:
        _debug()
        _end(_known(error) or _unexpected(error, site_folder()), 1)
    sys.exit(code if isinstance(code, int) else 0)


def _end(sentence: str, code: int) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(code)


def _debug() -> None:
    if os.environ.get("PLUGDESK_DEBUG"):
        click.echo(traceback.format_exc(), err=True)


def _usage(error: click.ClickException) -> str:
    """Say what is wrong with the arguments, and which help to read."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    sentence = _usage_sentence(error)
    context = getattr(error, "ctx", None)
    if context is None:
        return sentence
    return f"{sentence}\n" + _("Help: %(command)s --help", command=context.command_path)


def _usage_sentence(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption):
        return _("There is no option %(name)s.", name=error.option_name)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        name = error.param.make_metavar(error.ctx) if error.ctx else error.param.name
        return _("%(name)s is missing.", name=name)
    return error.format_message()


def _known(error: Exception) -> str | None:
    """Return a sentence for what an owner can put right: the database and the disk."""
    import sqlalchemy.exc  # a start without trouble does not wait for it

    if isinstance(error, sqlalchemy.exc.DBAPIError):
        lines = str(error.orig).strip().splitlines() or [type(error).__name__]
        return _(
            "The database cannot be used: %(problem)s. Check `database` in plugdesk.toml.",
            problem=without_secrets(lines[0].rstrip(".")),
        )
    if isinstance(error, sqlalchemy.exc.ArgumentError):
        return _("The address in `database` is not an address of a database.")
    if isinstance(error, ModuleNotFoundError) and error.name == "psycopg":
        return _("PostgreSQL needs its driver: pip install 'plugdesk[postgresql]'")
    if isinstance(error, OSError) and error.filename is not None:
        return _(
            "%(path)s cannot be used: %(problem)s.", path=error.filename, problem=error.strerror
        )
    return None


def _unexpected(error: Exception, site_folder: Path) -> str:
    return _(
        "Something went wrong that should not have: %(kind)s. The details are in %(path)s; please"
        " send them with your report.",
        kind=type(error).__name__,
        path=_write_log(site_folder),
    )


def _write_log(site_folder: Path) -> Path:
    """Append the traceback to the site's error log, or to one of the system's temporary folder."""
    text = without_secrets(traceback.format_exc())
    entry = f"{datetime.now(UTC).isoformat(timespec='seconds')} {_command_line()}"
    is_site = (site_folder / "plugdesk.toml").exists()
    path = site_folder / LOG_NAME if is_site else _temporary_log()
    try:
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{entry}\n{text}\n")
    except OSError:
        path = _temporary_log()
        path.write_text(f"{entry}\n{text}\n", encoding="utf-8")
    return path


def _command_line() -> str:
    """Return the command as it was called, without values that were given as settings."""
    return without_secrets(" ".join(word.partition("=")[0] for word in sys.argv))


def _temporary_log() -> Path:
    descriptor, name = tempfile.mkstemp(prefix="plugdesk-errors-", suffix=".log")
    os.close(descriptor)
    return Path(name)
