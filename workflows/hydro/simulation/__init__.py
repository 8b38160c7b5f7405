"""Water on the ground, simulated: what a block of members is given, the model, and what is recorded."""
