"""Tables of text: encodings, columns, units, times, cells without a value."""
