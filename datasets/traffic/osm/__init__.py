"""Roads of OpenStreetMap, from extracts and from osmnx."""
