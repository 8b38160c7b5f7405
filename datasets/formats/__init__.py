"""Files of maps, as the layers of a city."""
