"""From radar rain to flood warnings."""
