"""Database access: one code path for SQLite and PostgreSQL."""

from plugdesk.db.base import Base, UtcDateTime, possible_id
from plugdesk.db.database import Database

__all__ = ["Base", "Database", "UtcDateTime", "possible_id"]
