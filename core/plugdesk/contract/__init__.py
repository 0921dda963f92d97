"""The plain data that the desk and its plugins hand to each other.

Frozen dataclasses only: no rows, no requests, no behaviour that writes.
Plugins import them through `plugdesk.plugin`.
"""
