"""Rain, water levels and the points that are to be warned."""
