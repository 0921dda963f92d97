"""`python -m plugdesk.cli`, for where the script `plugdesk` is not on the path."""

from plugdesk.cli import main

main()
