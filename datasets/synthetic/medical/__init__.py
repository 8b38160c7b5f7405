"""Synthetic areas with people, facilities, and records of persons."""
