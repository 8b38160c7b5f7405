"""What one pass over the events of persons can count: a class for each question, with tables of whole numbers."""
