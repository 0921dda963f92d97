"""`plugdesk init`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from plugdesk.cli.base import command, site_folder
from plugdesk.cli.config_file import render
from plugdesk.cli.opening import upgrade_database
from plugdesk.config import FILE_NAME, SiteConfig
from plugdesk.errors import ConfigError
from plugdesk.i18n import LANGUAGES, current_language
from plugdesk.i18n import gettext as _
from plugdesk.settings.secrets import Keys


@command(
    help=_("Make a site in FOLDER: its settings, its secret key, its database."),
    example="plugdesk init shop --language ko",
)
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--database", default="", metavar="URL", help=_("PostgreSQL instead of a file."))
@click.option("--language", type=click.Choice(list(LANGUAGES)), help=_("The site's language."))
@click.option("--timezone", default="", metavar="ZONE", help=_("Such as Asia/Seoul; else UTC."))
def init(folder: Path | None, database: str, language: str | None, timezone: str) -> None:
    """Make a site and say how to go on."""
    folder = (folder or site_folder()).resolve()
    make_site(folder, database=database, language=language, timezone=timezone)
    click.echo(_("The site is in %(folder)s.", folder=folder))
    click.echo(_("Start it: plugdesk serve --site %(folder)s", folder=folder))


def make_site(
    folder: Path, *, database: str = "", language: str | None = None, timezone: str = ""
) -> SiteConfig:
    """Make a site in `folder`, or nothing at all. Raises ConfigError when one is there."""
    chosen: dict[str, object] = {"language": language or current_language()}
    if database:
        chosen["database"] = database
    if timezone:
        chosen["timezone"] = _checked_zone(timezone)
    _refuse_existing(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config = SiteConfig.model_validate({"folder": folder, **chosen})
    with _undone_on_failure(folder):
        Keys.create_file(config.key_file)
        upgrade_database(config)
        (folder / "blobs").mkdir(exist_ok=True)
        # Last, because this file is what makes the folder a site.
        (folder / FILE_NAME).touch(mode=0o600)
        (folder / FILE_NAME).write_text(render(chosen), encoding="utf-8")
    return config


def _refuse_existing(folder: Path) -> None:
    if (folder / FILE_NAME).exists():
        msg = _("There is a site in %(folder)s already. Start it: plugdesk serve --site %(folder)s")
        raise ConfigError(msg % {"folder": folder})
    for name in ("secret.key", "plugdesk.db"):
        if (folder / name).exists():
            msg = _(
                "%(folder)s has a %(name)s but no plugdesk.toml: it looks like a part of a site."
                " Restore the missing file from your backup, or choose another folder."
            )
            raise ConfigError(msg % {"folder": folder, "name": name})


def _checked_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        msg = _("There is no time zone %(name)s. Write it like Asia/Seoul.", name=name)
        raise ConfigError(msg) from None


@contextlib.contextmanager
def _undone_on_failure(folder: Path) -> Iterator[None]:
    before = set(folder.iterdir())
    try:
        yield
    except BaseException:
        for path in set(folder.iterdir()) - before:
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
        raise
