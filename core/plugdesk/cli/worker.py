"""`plugdesk worker`: the work behind the pages, in a process of its own."""

from __future__ import annotations

import signal
import threading

import click

from plugdesk.cli import logs
from plugdesk.cli.base import command
from plugdesk.cli.opening import open_site
from plugdesk.cli.serve import STOP_SECONDS
from plugdesk.db import sqlite
from plugdesk.i18n import gettext as _
from plugdesk.jobs.worker import Worker


@command(
    help=_(
        "Fetch, send and deliver without serving pages, until Ctrl-C or SIGTERM. For sites whose"
        " work is more than `plugdesk serve` does beside its pages; any number may run."
    ),
    example="plugdesk worker --site shop --threads 8",
)
@click.option("--threads", type=click.IntRange(1, 64), help=_("How many jobs can run at once."))
@click.option("--verbose", is_flag=True, help=_("Log more."))
def worker(threads: int | None, verbose: bool) -> None:
    """Work until a signal comes."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_arguments: stop.set())
    logs.set_up(verbose=verbose)
    with open_site() as site:
        if site.db.dialect == "sqlite":
            sqlite.require_several_processes()
        running = Worker(site, threads=threads or site.config.workers or 4)
        running.start()
        click.echo(_("Working (Ctrl-C stops it)."))
        stop.wait()
        running.stop(STOP_SECONDS)
    click.echo(_("Stopped."))
