"""Slurm: what it is asked, what it answers, and the jobs a run keeps in it."""
