"""Which cells of a table are withheld, and why a withheld cell cannot be computed back."""
