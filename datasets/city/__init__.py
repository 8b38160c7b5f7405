"""One city: its layers on one plane, the weights between them, and the reader of its store."""
