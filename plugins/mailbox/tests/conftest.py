"""The fixtures of the mailbox tests: real servers.

Imported rather than named in `pytest_plugins`, which pytest allows at the top of a run alone.
"""

from plugdesk.testing.fixtures import dovecot, mailbox, smtp_server

__all__ = ["dovecot", "mailbox", "smtp_server"]
