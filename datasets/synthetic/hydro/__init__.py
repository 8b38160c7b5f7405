"""Synthetic ground, storms and gauges, with the truth known."""
