"""Reading mailboxes over IMAP4rev1 (RFC 3501), without changing anything in them.

Only `sent` writes: one APPEND to the Sent folder.
"""
