"""`events-import`: records of persons become a store of events that many questions read."""
