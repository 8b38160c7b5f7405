"""Where data lie: CRS by name, positions in another CRS, height datums, and lengths on the ground."""
