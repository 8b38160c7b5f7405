"""Networks in the GMNS format."""
