"""Two runs held against each other: their labels matched, their numbers compared, their differences on a map."""
