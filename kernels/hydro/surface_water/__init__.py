"""What every scheme of surface water shares: ground, water, forcing, outflow, time steps."""
