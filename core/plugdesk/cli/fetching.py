"""Fetching an account, with a progress bar when it takes long."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from plugdesk.i18n import gettext as _
from plugdesk.intake import fetch

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from plugdesk.site import Site


def fetch_account(site: Site, account_id: int) -> int:
    """Fetch what is new, show how far it is, and return how many items were new."""
    progress = _Progress()
    try:
        return fetch.run(site, account_id, progress)
    finally:
        progress.end()


class _Progress:
    """Shows nothing until the channel says that there is more than a batch."""

    def __init__(self) -> None:
        self._bar: ProgressBar[int] | None = None
        self._left = 0

    def __call__(self, new: int, remaining: int | None) -> None:
        if self._bar is None:
            if not remaining:
                return
            label = _("Fetching")
            self._bar = click.progressbar(length=new + remaining, label=label, file=sys.stderr)
            self._bar.render_progress()
            self._left = new + remaining
        left = remaining or 0
        self._bar.update(max(self._left - left, 0))
        self._left = left

    def end(self) -> None:
        """Leave the cursor on a line of its own."""
        if self._bar is not None:
            self._bar.render_finish()
