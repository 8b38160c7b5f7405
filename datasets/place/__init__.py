"""Where data lie: CRS, heights, lengths on the ground, and the layers of a city."""
