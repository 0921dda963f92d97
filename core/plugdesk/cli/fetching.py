"""Fetching an account, with a progress bar when it takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugdesk.cli.progress import Progress
from plugdesk.i18n import gettext as _
from plugdesk.intake import fetch

if TYPE_CHECKING:
    from plugdesk.site import Site


def fetch_account(site: Site, account_id: int) -> int:
    """Fetch what is new, show how far it is, and return how many items were new."""
    with Progress(_("Fetching")) as bar:
        most = 0

        def progress(new: int, remaining: int | None) -> None:
            nonlocal most
            most = max(most, new + (remaining or 0))
            if remaining or most > new:  # what came in one batch was no wait
                bar.show(most - (remaining or 0), most)

        return fetch.run(site, account_id, progress)
