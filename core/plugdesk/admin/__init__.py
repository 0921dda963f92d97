"""The face for the owner."""
