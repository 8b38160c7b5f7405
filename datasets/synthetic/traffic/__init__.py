"""Synthetic streets, networks and trips."""
