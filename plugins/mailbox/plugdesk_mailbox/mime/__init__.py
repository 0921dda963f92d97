"""Understanding mail: bytes in, an `IncomingMessage` out.

`tree` splits a message into parts under `limits`; `transfer` and `charsets` undo its encodings;
`bodies` tells texts from files; `addresses`, `ids`, `dates`, `words` and `params` read header
fields; `automatic` and `reports` recognise machines. `message` puts it together.
"""

from plugdesk_mailbox.mime.message import parse

__all__ = ["parse"]
