"""Ragged rows while a run runs: split by key, gathered, and placed into shards once all lengths are known."""
