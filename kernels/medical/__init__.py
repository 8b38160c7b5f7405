"""Dated events of persons: what occurs, what comes together, and what comes first.

Every kernel of the field is an attribute of this package: ``medical.count_pairs(...)``.
"""
