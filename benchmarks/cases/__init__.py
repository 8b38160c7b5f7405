"""Cases: what is measured, each a module that prints one JSON line."""
