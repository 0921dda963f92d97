"""Jobs: what runs outside page requests."""
