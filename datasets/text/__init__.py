"""Tables of text: encodings, columns, units, times and missing values."""
