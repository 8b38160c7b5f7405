"""Traffic kernels."""
