"""One pass over the events of persons: what all accumulators share, and the pass itself."""
