"""Benchmarks: cases, the paired runner, peers."""
