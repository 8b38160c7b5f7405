"""Where things are: positions, grids, and weights that carry a quantity from one kind of place to another."""
