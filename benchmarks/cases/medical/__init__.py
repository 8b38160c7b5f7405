"""Cases over events of persons: one pass, and pairs of codes, beside other programs."""
