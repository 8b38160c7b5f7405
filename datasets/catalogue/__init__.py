"""Names instead of paths, and the one door through which networks open."""
