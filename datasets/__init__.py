"""Data: the catalogue, readers of real formats, and synthetic data with known answers."""
