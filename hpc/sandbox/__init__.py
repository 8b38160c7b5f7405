"""A private Slurm on one machine."""
