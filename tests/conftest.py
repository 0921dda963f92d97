"""The fixtures that all tests of the project share."""

pytest_plugins = ["plugdesk.testing.fixtures"]
