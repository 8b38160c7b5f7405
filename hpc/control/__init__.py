"""A run from outside: its state, its logs, following and cancelling it."""
