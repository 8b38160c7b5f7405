"""Cases of medicine: one pass over events of persons."""
