"""What a plan refuses, by subject."""
