"""What is on disk: product stores by whole shards, and the ledger."""
