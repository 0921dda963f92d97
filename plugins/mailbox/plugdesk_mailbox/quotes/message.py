"""Quotations in a message: the one function that the channel calls."""

from __future__ import annotations

import logging
from dataclasses import replace

from plugdesk.plugin import Automatic, IncomingMessage

from plugdesk_mailbox.quotes.html import fold_quote
from plugdesk_mailbox.quotes.text import quote_start
from plugdesk_mailbox.quotes.words import FORWARD_SUBJECT

_log = logging.getLogger(__name__)


def apply(message: IncomingMessage) -> IncomingMessage:
    """Return `message` with its quotation marked in the text and folded in the HTML.

    Nothing is removed. A message that is passed on stays unfolded, for its reader has not seen
    it, and so does a bounce, whose reasons may stand anywhere.
    A failure here costs the fold, never the message.
    """
    if message.automatic is Automatic.BOUNCE or FORWARD_SUBJECT.match(message.subject):
        return message
    try:
        start = quote_start(message.text)
        return replace(message, quote_start=start, html=fold_quote(message.html))
    except MemoryError:
        raise
    except Exception:
        _log.exception("The quotation in a message could not be looked for; it stays unfolded.")
        return message
