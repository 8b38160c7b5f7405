"""Questions about dated events of persons."""
