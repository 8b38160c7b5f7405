"""The jobs of a run: their scripts, their submission, and the supervisor that keeps workers running."""
