"""Cases of traffic: assignment, trees."""
