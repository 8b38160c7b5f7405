"""Cases of how work runs: overhead, memory, gangs."""
