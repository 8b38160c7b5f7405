"""Synthetic streets and trips."""
