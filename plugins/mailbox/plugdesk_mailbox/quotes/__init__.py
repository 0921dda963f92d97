"""Where a mail stops being new: the quotation of earlier messages below a reply.

`words` holds what mail clients write around quotations, `attribution` and `headers` recognise it,
`lines` finds the quotation that ends a list of lines. `text` and `html` turn a body into lines and
the answer back into an offset or a fold; `apply` does both to a message.

Every pass is linear, whatever the input. In doubt there is no quotation: what the sender wrote is
never folded away, and nothing is ever removed.
"""

from plugdesk_mailbox.quotes.message import apply

__all__ = ["apply"]
