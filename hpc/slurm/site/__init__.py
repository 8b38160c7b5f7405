"""A profile against a live cluster: what would never start, and a profile drafted from it."""
