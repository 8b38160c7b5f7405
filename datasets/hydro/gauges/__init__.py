"""Stations, what they measured, hydrographs, and points of warnings."""
