"""Incidence: how often codes begin, in whom and when, and who lacks what should follow."""
