"""Synthetic areas with people, and facilities."""
