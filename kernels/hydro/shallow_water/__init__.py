"""Shallow water by Godunov finite volumes: dam breaks, torrents, shores."""
