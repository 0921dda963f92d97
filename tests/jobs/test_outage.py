"""A database that goes away and comes back: workers sit it out."""

from __future__ import annotations

from pathlib import Path

from plugdesk.jobs.worker import Worker
from plugdesk.testing.servers.postgres import Postgres
from polling import Counting, wait_until
from sites import create_site, open_site
from sqlalchemy import select


def test_a_restarted_database(own_postgres: Postgres, tmp_path: Path) -> None:
    """When PostgreSQL, with data and queue, crashes under a worker, the worker lives and goes on
    with what is woken afterwards.
    """
    url = own_postgres.create_database()
    create_site(tmp_path, url)
    with open_site(tmp_path, url, queue="database") as site:
        job, asks = Counting(), Counting()
        site.jobs.register("test.count", job)

        def ask(_site: object) -> None:
            with site.db.read() as session:
                session.scalar(select(1))
            asks(site)

        site.jobs.register("test.ask", ask)
        worker = Worker(site, 2)
        worker.start()
        site.jobs.wake("test.ask")
        wait_until(lambda: asks.runs)
        own_postgres.pause()
        for name in ("test.ask", "test.count"):
            site.jobs.wake(name)
        wait_until(lambda: job.runs)
        own_postgres.resume()
        before = asks.runs
        site.jobs.enqueue("test.ask")
        wait_until(lambda: asks.runs > before, 30)
        assert worker.stop(15)
