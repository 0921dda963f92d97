"""The command line: `plugdesk`.

One module per command, imported when the command is called, so that `plugdesk --help` is quick.
Commands print sentences; what goes wrong ends with a sentence too (`failures`).
"""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command that the process's arguments name, in the language of the terminal."""
    import os

    from plugdesk.i18n import language_of_environment, set_language

    os.umask(0o077)  # what a site stores is customers' mail: no other user of the machine reads it
    # Before the commands are imported: their help is translated as they are defined.
    set_language(language_of_environment() or "en")
    from plugdesk.cli.root import plugdesk

    plugdesk.main(prog_name="plugdesk")
