"""Rain as frames and as series."""
