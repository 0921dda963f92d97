"""Intake: from raw bytes in the journal to a visible message or a quarantine entry."""
