"""Files of maps that several fields read: features, rasters, terrain, areas, facilities."""
