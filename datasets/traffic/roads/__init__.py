"""Roads as a graph, and what their tags mean."""
