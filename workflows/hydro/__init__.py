"""Questions about water, and what they share."""
