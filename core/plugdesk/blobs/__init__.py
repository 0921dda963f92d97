"""Blobs: content-addressed storage for raw mail and attachments."""
