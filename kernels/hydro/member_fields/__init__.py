"""Fields of many members, read and made where they live: host memory or a GPU's."""
