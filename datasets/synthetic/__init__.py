"""Synthetic data, each with a known answer: a city on one ground, and networks of any size."""
