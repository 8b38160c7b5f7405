"""Where a rainstorm's water goes."""
