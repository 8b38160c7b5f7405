"""Trees and loads of road networks on a GPU."""
