"""Roads from the lines of a map file."""
