"""Trips between zones, from tables, matrices, OMX and taxi rides."""
