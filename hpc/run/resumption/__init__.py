"""A run that goes on: checked, resumed with what it was made of, computed anew, planned further."""
