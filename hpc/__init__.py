"""How work runs: profiles, clusters, plans, ledger, stores, runs, reports."""
