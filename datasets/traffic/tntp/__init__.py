"""Networks in the TNTP format."""
