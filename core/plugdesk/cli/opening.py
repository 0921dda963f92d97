"""Opening the site that a command works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from plugdesk.cli.base import site_folder
from plugdesk.config import SiteConfig, load_config
from plugdesk.db import Database, migrate
from plugdesk.i18n import gettext as _
from plugdesk.i18n import language_of_environment, set_language
from plugdesk.plugins.operations import upgrade_tables
from plugdesk.site import Site


def read_config(**overrides: Any) -> SiteConfig:
    """Read the configuration; a terminal without a language speaks the site's from here on."""
    config = load_config(site_folder(), **overrides)
    if language_of_environment() is None:
        set_language(config.language)
    return config


@contextmanager
def open_site(**overrides: Any) -> Iterator[Site]:
    """Open the site for one command. Raises ConfigError when its database is not up to date."""
    config = read_config(**overrides)
    with _database(config) as db:
        migrate.require_current(db)
    with Site(config) as site:
        yield site


def bring_up_to_date(config: SiteConfig) -> None:
    """Let a server start on a database of its own version.

    A SQLite site is one machine's own: it is upgraded, after saying so. PostgreSQL may serve other
    processes of the older version at this moment, so an upgrade there is for the owner to decide.
    """
    with _database(config) as db:
        if migrate.is_current(db):
            return
        if db.dialect != "sqlite":
            migrate.require_current(db)
        click.echo(_("The database is older than this version of Plugdesk; upgrading it now."))
        migrate.upgrade(db)


@contextmanager
def _database(config: SiteConfig) -> Iterator[Database]:
    db = Database(config.database_url)
    try:
        yield db
    finally:
        db.close()


def upgrade_plugins(site: Site) -> None:
    """Bring the tables of enabled plugins up to their code, and name those that were behind."""
    for name in upgrade_tables(site):
        click.echo(_("The tables of the plugin %(plugin)s were upgraded.", plugin=name))


def upgrade_database(config: SiteConfig) -> bool:
    """Run the missing migrations; say whether there were any."""
    with _database(config) as db:
        if migrate.is_current(db):
            return False
        migrate.upgrade(db)
        return True
