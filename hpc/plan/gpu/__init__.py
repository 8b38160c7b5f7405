"""GPUs: those of this machine, and which steps of a plan run on one."""
