"""What is measured on a GPU, by field."""
