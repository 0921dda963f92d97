"""One opened site: what every page, job and command works with."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import Distribution
from typing import Self

from plugdesk.blobs.store import open_blobs
from plugdesk.clock import Clock, SystemClock
from plugdesk.config import SiteConfig
from plugdesk.db import Database
from plugdesk.hooks import Hooks
from plugdesk.intake.claims import Claims
from plugdesk.intake.parser import Parser
from plugdesk.jobs.queue import JobQueue
from plugdesk.plugins.registry import PluginRegistry
from plugdesk.settings.secrets import Keys


class Site:
    """The site's parts, put together once per process. Nothing in it is global."""

    def __init__(
        self,
        config: SiteConfig,
        *,
        clock: Clock | None = None,
        distributions: Iterable[Distribution] | None = None,
    ) -> None:
        """Open the site; loads its plugins but starts no thread and no process.

        `distributions` replaces the installed ones as the place where plugins are found; tests
        pass their own.
        """
        self.config = config
        self.clock = clock or SystemClock()
        self.keys = Keys.from_file(config.key_file)
        self.db = Database(config.database_url)
        self.blobs = open_blobs(config.blobs, config.folder)
        self.parser = Parser(seconds=config.parse_seconds, megabytes=config.parse_megabytes)
        self.intake_claims = Claims(self.db)
        self.plugins = PluginRegistry(self, distributions)
        self.hooks = Hooks(self.plugins)
        self.jobs = JobQueue(self)
        self.db.on_commit = self.jobs.wake_many
        self.plugins.load()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End helper processes and close connections."""
        self.hooks.close()
        self.parser.close()
        self.jobs.close()
        self.db.close()
