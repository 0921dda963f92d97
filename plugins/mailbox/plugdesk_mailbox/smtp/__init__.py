"""Composing messages (RFC 5322) and handing them to a submission server (RFC 5321, 6409)."""
