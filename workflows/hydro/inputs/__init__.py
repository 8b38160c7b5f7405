"""What every simulation of water starts from: ground, soil, boundaries and frames of rain, opened and checked."""
