"""Tickets: conversations, their messages and notes, and what agents do with them."""
