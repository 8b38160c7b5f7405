"""Events of persons: pairs of codes beside other programs."""
