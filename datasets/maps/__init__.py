"""Map files that several fields read: features, rasters, terrain, areas and facilities."""
