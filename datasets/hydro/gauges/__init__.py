"""Stations, what they measured, and points that are to be warned."""
