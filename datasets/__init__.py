"""Data: readers of real formats, synthetic data with known answers, and a catalogue of data sets by name.

Each room imports only rooms below it: catalogue, synthetic, city, then the fields traffic and hydro, which do not know
each other, then maps, place, text and errors.
"""
