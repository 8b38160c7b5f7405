"""One day's measurement of a GPU: ``python3 -m citytide.benchmarks.gpu``."""
