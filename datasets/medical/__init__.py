"""Dated records of persons: OMOP, long tables and files of R, and the store that an import makes of them."""
