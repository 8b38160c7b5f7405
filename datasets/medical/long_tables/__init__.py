"""Long tables of events, read with a mapping of their columns."""
