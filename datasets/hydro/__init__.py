"""Rain, water levels and discharges, and the places where they are measured or warned of."""
