"""Blocks at work: the driver, the workers it asks, and one block on a worker."""
