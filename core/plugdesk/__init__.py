"""Plugdesk: a unified inbox made of a small core and plugins."""

__version__ = "0.1.0"
