"""OMOP CDM 5.3 and 5.4 in files of CSV."""
