"""Cases of water and rain: sweeps, nowcasts, scores, warnings."""
