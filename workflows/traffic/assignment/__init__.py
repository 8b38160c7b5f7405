"""Who drives where when everybody has found their best route."""
