"""Any mailbox as a channel: IMAP in, SMTP out."""
