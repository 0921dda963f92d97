"""The job that asks one account for what is new."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from plugdesk.accounts.operations import (
    fetch_began,
    fetch_ended,
    fetch_failed,
    open_account,
)
from plugdesk.errors import ChannelError, ChannelUnavailable
from plugdesk.i18n import lazy_gettext
from plugdesk.intake.journal import batches, write_down

if TYPE_CHECKING:
    from plugdesk.site import Site

#: Told after every batch: how many items were new so far, and how many are known to follow.
Progress = Callable[[int, int | None], None]
_logger = logging.getLogger(__name__)


def run(site: Site, account_id: int, progress: Progress | None = None) -> int:
    """Fetch what is new on an account into the journal; return how many items were new.

    Every batch is committed with its cursor before the next is asked for, so the job may be
    killed at any point. Trouble of the channel is noted on the account, not raised.
    """
    account, channel = open_account(site, account_id)
    if account.state != "active":
        return 0
    fetch_began(site, account_id)
    new = 0
    try:
        for batch in batches(iter(channel.fetch(account.cursor))):
            new += write_down(site, account_id, batch)
            if progress is not None:
                progress(new, batch[-1].remaining)
    except ChannelError as error:
        fetch_failed(site, account_id, error)
    except OSError as error:
        sentence = lazy_gettext("The connection broke: %(error)s", error=error)
        fetch_failed(site, account_id, ChannelUnavailable(sentence))
    except SQLAlchemyError:
        raise  # the desk's own trouble, not the account's
    except Exception:
        _logger.exception("The channel of account %d failed.", account_id)
        sentence = lazy_gettext("The channel itself failed. The log of the desk has details.")
        fetch_failed(site, account_id, ChannelUnavailable(sentence))
    else:
        fetch_ended(site, account_id)
    return new
