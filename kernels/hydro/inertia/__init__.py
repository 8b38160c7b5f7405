"""Water on the ground by the local-inertia approximation."""
