"""Peers: other programs, each in an environment of its own; their scripts are run there and never imported here."""
