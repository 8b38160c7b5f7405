"""Synthetic data, each named after its known answer."""
