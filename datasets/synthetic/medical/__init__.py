"""Synthetic people and the facilities that care for them."""
