"""Names of concepts, from CONCEPT: some millions of them in little memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ..rows.csv_rows import read_csv_rows
from ..rows.ranges import cut_ranges, measure_file
from .files import choose_dialect

__all__ = ["ConceptNames"]


class ConceptNames(Mapping[str, str]):
    """Names by concept id; read when the first one is asked for.

    Parameters
    ----------
    path
        Folder or zip of the CDM.
    file
        Of CONCEPT; empty: there is none, and no name is known.
    """

    def __init__(self, path: Path, file: str) -> None:
        self._path, self._file = path, file

    @cached_property
    def _held(self) -> tuple[Any, Any]:
        import pyarrow as pa
        import pyarrow.compute as pc

        ids, names = [np.empty(0, np.int64)], [pa.array([], pa.large_string())]
        if self._file:
            dialect = choose_dialect(self._path, self._file)
            for start, stop in cut_ranges(measure_file(self._path, self._file)):
                rows = read_csv_rows(self._path, self._file, start, stop, ("concept_id", "concept_name"), dialect)
                if len(rows.columns) < 2:
                    break  # a table of another make has no names for us
                try:
                    ids.append(pc.utf8_trim_whitespace(rows.columns["concept_id"]).cast(pa.int64()).to_numpy())
                except pa.ArrowInvalid:
                    raise InputError(
                        "column 'concept_id' must hold whole numbers", file=rows.file, way_out="correct the table"
                    ) from None
                names.append(rows.columns["concept_name"].cast(pa.large_string()))
        order = np.argsort(every := np.concatenate(ids), kind="stable")
        return every[order], pa.concat_arrays(names).take(pa.array(order))

    def __getitem__(self, code: str) -> str:
        ids, names = self._held
        if not (code.isascii() and code.isdigit()) or len(code) > 18:
            raise KeyError(code)
        at = int(np.searchsorted(ids, int(code)))
        if at == len(ids) or ids[at] != int(code):
            raise KeyError(code)
        return str(names[at].as_py())

    def __iter__(self) -> Iterator[str]:
        return (str(one) for one in self._held[0].tolist())

    def __len__(self) -> int:
        return len(self._held[0])
