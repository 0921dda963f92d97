"""Outbox: replies leave at most once, with an honest "unknown"."""
