"""Accounts: connected instances of channels."""
