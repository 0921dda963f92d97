"""`plugdesk serve`: pages and the work behind them, in one process."""

from __future__ import annotations

import socket

import click

from plugdesk.cli import logs
from plugdesk.cli.base import command
from plugdesk.cli.opening import bring_up_to_date, read_config, upgrade_plugins
from plugdesk.config import SiteConfig
from plugdesk.i18n import gettext as _
from plugdesk.jobs.worker import Worker
from plugdesk.people.operations import has_owner
from plugdesk.people.setup_code import setup_code
from plugdesk.site import Site
from plugdesk.web import server

#: How long a stop waits for jobs that are running, in seconds. What is cut is found again.
STOP_SECONDS = 20.0
_MEGABYTE = 1024 * 1024


@command(
    help=_("Serve the site's pages and do the work behind them, until Ctrl-C or SIGTERM."),
    example="plugdesk serve --site shop --port 9000",
)
@click.option("--host", metavar="HOST", help=_("The address to listen at; 0.0.0.0 is all."))
@click.option("--port", type=int, help=_("The port to listen at; 0 takes a free one."))
@click.option("--threads", type=int, help=_("How many pages can be answered at once."))
@click.option("--workers", type=int, help=_("How many jobs can run at once; 0 runs none here."))
@click.option("--verbose", is_flag=True, help=_("Log more."))
def serve(
    host: str | None, port: int | None, threads: int | None, workers: int | None, verbose: bool
) -> None:
    """Serve until a signal comes."""
    config = read_config(host=host, port=port, threads=threads, workers=workers)
    logs.set_up(verbose=verbose)
    # First the port: browsers that come while the rest gets ready wait instead of failing.
    listener = server.bind(config.host, config.port)
    with listener:
        bring_up_to_date(config)
        with Site(config) as site:
            _serve(site, listener)
    click.echo(_("Stopped."))


def _serve(site: Site, listener: socket.socket) -> None:
    from plugdesk.web.app import create_app

    if site.db.dialect == "sqlite":
        upgrade_plugins(site)
    app = create_app(site)
    worker = Worker(site, threads=site.config.workers) if site.config.workers else None
    if worker is not None:
        worker.start()
    try:
        server.serve(
            app,
            listener,
            threads=site.config.threads,
            ready=lambda address: _announce(site, address),
            limits=server.Limits(body_bytes=site.config.max_upload_megabytes * _MEGABYTE),
        )
    finally:
        if worker is not None:
            worker.stop(STOP_SECONDS)


def _announce(site: Site, address: str) -> None:
    public = public_address(site.config, address)
    click.echo(_("Plugdesk listens at %(address)s (Ctrl-C stops it).", address=f"{address}/"))
    if public != address:
        click.echo(_("People reach it at %(address)s", address=f"{public}/"))
    with site.db.read() as session:
        if has_owner(session):
            return
    click.echo(_("This site has no owner yet. Open this address to become its owner:"))
    click.echo(f"    {public}/setup?code={setup_code(site.keys)}")


def public_address(config: SiteConfig, address: str) -> str:
    """Return where people reach the site, without a slash at its end."""
    return (config.public_url or address).rstrip("/")
