"""A city: built, stored, shown."""
