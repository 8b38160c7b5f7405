"""Rain, water on the ground, and how good a forecast of either was."""
