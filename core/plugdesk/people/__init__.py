"""People: customers, agents, teams, and how agents sign in."""
