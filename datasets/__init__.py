"""Data: readers of real formats, synthetic data with known answers, and a catalogue of data sets by name.

Each room imports only rooms below it: catalogue, synthetic, city, then the fields traffic and hydro, which do not know
each other, then maps, place, text and errors.

A reader of your own needs ``from citytide.datasets import Dataset, File, InputError, find_inputs, read_table``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernels.exports import export_lazily

if TYPE_CHECKING:
    from .catalogue.readers import find_inputs, read_dataset
    from .catalogue.sources import Dataset, File
    from .errors import InputError
    from .text.tables import read_table
    from .text.times import read_times

__all__ = [
    "Dataset",
    "File",
    "InputError",
    "find_inputs",
    "read_dataset",
    "read_table",
    "read_times",
]

_HOMES = {
    "find_inputs": ".catalogue.readers",
    "read_dataset": ".catalogue.readers",
    "Dataset": ".catalogue.sources",
    "File": ".catalogue.sources",
    "InputError": ".errors",
    "read_table": ".text.tables",
    "read_times": ".text.times",
}
__getattr__, __dir__ = export_lazily(__name__, _HOMES)
