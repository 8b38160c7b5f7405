"""Gangs: processes that compute one domain together over MPI."""
