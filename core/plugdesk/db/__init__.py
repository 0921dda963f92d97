"""Database access: one code path for SQLite and PostgreSQL."""

from plugdesk.db.base import Base, UtcDateTime
from plugdesk.db.database import Database

__all__ = ["Base", "Database", "UtcDateTime"]
