"""Kernels on chunked and labelled arrays."""
