"""The jobs of a run: scripts, submission, and whoever keeps workers coming."""
