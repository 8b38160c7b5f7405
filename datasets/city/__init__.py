"""One city under all domains: its layers, the weights between them, and the store that holds them."""
