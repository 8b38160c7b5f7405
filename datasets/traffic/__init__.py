"""Road networks with a demand, and scenarios of them."""
