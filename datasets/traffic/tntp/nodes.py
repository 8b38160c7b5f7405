"""Coordinates of TNTP nodes: ``node X Y ;``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.encodings import read_text

__all__ = ["read_coordinates"]


def read_coordinates(file: Path, n_nodes: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Read a ``*_node.tntp``.

    Returns
    -------
    x, y : (node,) arrays of float
        As in the file; NaN for a node that it lacks.

    Raises
    ------
    InputError
        If a row is malformed, a coordinate not finite, or a node beyond the count or given twice.
    """
    x = np.full(n_nodes, np.nan)
    y = np.full(n_nodes, np.nan)
    rows = 0
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        cells = line.partition("~")[0].partition(";")[0].split()
        if not cells or line.lstrip().startswith("<"):
            continue
        try:
            node, east, north = int(cells[0]), float(cells[1]), float(cells[2])
        except (ValueError, IndexError):
            if rows == 0 and not cells[0].isdigit():  # names of the columns
                continue
            raise InputError(
                f"{line.strip()!r} is no row", file=file, line=number, way_out="write 'NODE X Y ;'"
            ) from None
        rows += 1
        if not 1 <= node <= n_nodes:
            raise InputError(
                f"node {node} is not among nodes 1 to {n_nodes}",
                file=file,
                line=number,
                way_out="correct the row, or <NUMBER OF NODES> of the network file",
            )
        if not (np.isfinite(east) and np.isfinite(north)):
            raise InputError(
                f"node {node} lies at {cells[1]}, {cells[2]}", file=file, line=number, way_out="give finite coordinates"
            )
        if not np.isnan(x[node - 1]):
            raise InputError(f"node {node} is given twice", file=file, line=number, way_out="keep one of the two rows")
        x[node - 1], y[node - 1] = east, north
    return x, y
