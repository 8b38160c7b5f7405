"""Rows of text files and Parquet, cut into parts that are read alone, and their columns as numbers and days."""
