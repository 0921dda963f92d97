"""Real servers for tests: each is a context manager on loopback, in a folder of its own.

A plugin's tests use them through `plugdesk.testing.fixtures`. Where the program of a server is
missing, `require()` skips the test and names the Debian package; with CI=true it fails instead.
"""

from plugdesk.testing.servers.requirements import missing, require

__all__ = ["missing", "require"]
