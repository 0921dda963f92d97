"""PostgreSQL 15 or newer, through psycopg 3."""

from __future__ import annotations

from sqlalchemy import URL, Engine, create_engine


def make_engines(url: URL) -> tuple[Engine, Engine]:
    """Return the reading and the writing engine for the database at `url`."""
    return _engine(url, "on"), _engine(url, "off")


def _engine(url: URL, read_only: str) -> Engine:
    return create_engine(
        url,
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,  # a restarted server costs one retry, not a failed page
        connect_args={
            "options": f"-c default_transaction_read_only={read_only} -c timezone=UTC",
            "connect_timeout": 10,
        },
    )
