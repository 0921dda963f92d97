"""Events: the log of recorded facts and its delivery to plugins."""
