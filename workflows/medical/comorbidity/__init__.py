"""Comorbidity: which codes come together in persons, and which comes first."""
