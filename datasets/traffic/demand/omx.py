"""Matrices of trips in OMX: HDF5 files with matrices under ``data`` and numbers of zones under ``lookup``.

References
----------
.. [1] Open Matrix, https://github.com/osPlanning/omx
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...text.tables import Table
from .columns import DemandPart, find_volume_scale
from .modes import excludes_cars, excludes_trips
from .periods import refuse_long_name

__all__ = ["OmxMatrix", "read_omx"]

COUNTED = "count"  # the mapping of rows that are zones 1, 2, 3, ...


class OmxMatrix(NamedTuple):
    """Zones of rows and columns, and trips (origin, destination)."""

    origin: npt.NDArray[np.int64]
    destination: npt.NDArray[np.int64]
    volume: npt.NDArray[np.float64]
    notes: tuple[str, ...]


def read_omx(file: Path, part: DemandPart) -> OmxMatrix:
    """Read one matrix of an OMX file.

    Parameters
    ----------
    file
        A ``.omx``.
    part
        ``matrix`` names one of several; ``mapping`` one of several numberings of the zones, or ``count`` for rows that
        are zones 1, 2, 3, ...

    Raises
    ------
    InputError
        If h5py is missing, several matrices or numberings are there and none is chosen, or an entry is negative or
        not finite.
    """
    part.refuse("an OMX file", file, but=("matrix", "mapping"))
    try:
        import h5py
    except ModuleNotFoundError:
        raise InputError(
            "h5py, which reads this format, is not installed", file=file, way_out='pip install "citytide[radar]"'
        ) from None
    if not file.is_file():
        raise InputError("the file is missing", file=file, way_out="check its name")
    try:
        opened = h5py.File(file, "r")
    except OSError:
        raise InputError("the file is no HDF5 file", file=file, way_out="write it again as OMX") from None
    with opened:
        matrices = _list(opened, "data")
        if not matrices:
            raise InputError("the file has no matrix under data", file=file, way_out="write it again as OMX")
        name = _choose(file, "demand_matrix", "matrices", matrices, part.matrix)
        _refuse_other_traffic(file, name, part.matrix is not None)
        stored = np.asarray(matrices[name][...])
        if stored.dtype.kind not in "iuf":
            raise InputError(f"matrix {name!r} must hold numbers", file=file, way_out="write it again as OMX")
        volume = stored.astype(np.float64) * _read_scale(file, name, matrices[name])
        if volume.ndim != 2:
            raise InputError(f"matrix {name!r} has shape {volume.shape}", file=file, way_out="give rows and columns")
        mappings = {key: values for key, values in _list(opened, "lookup").items() if key != COUNTED}
        if not mappings and part.mapping is None:
            raise InputError(
                "the file does not say which zones its rows are",
                file=file,
                way_out=f"set demand_mapping={COUNTED} if they are zones 1, 2, 3, ..., or add a lookup",
            )
        mapping = part.mapping if part.mapping == COUNTED else None
        if mapping is None:
            mapping = _choose(file, "demand_mapping", "mappings", mappings, part.mapping)
        zones = [_number(file, mapping, mappings, size) for size in volume.shape]
    bad = ~(np.isfinite(volume) & (volume >= 0.0))
    if bad.any():
        row, column = (int(k) for k in np.argwhere(bad)[0])
        raise InputError(
            f"matrix {name!r} is {volume[row, column]:g} from {zones[0][row]} to {zones[1][column]}",
            file=file,
            way_out="give a finite number from 0 up",
        )
    others = ", ".join(other for other in matrices if other != name)
    told = f"{file.name}: matrix {name} by mapping {mapping} is read; its rows are origins."
    return OmxMatrix(zones[0], zones[1], volume, (told + (f" Not read: {others}." if others else ""),))


def _refuse_other_traffic(file: Path, name: str, is_chosen: bool) -> None:
    """Refuse a matrix whose name says that it counts a day, or what is no car where nobody chose it."""
    refuse_long_name(Table(file, {}, []), name, "matrix")
    no_trips = excludes_trips(name)
    if not is_chosen and (no_trips or excludes_cars(name)):
        raise InputError(
            f"matrix {name!r} is of no {'trips' if no_trips else 'cars'}",
            file=file,
            way_out=f"set demand_matrix={name} if it holds vehicles on the roads",
        )


def _read_scale(file: Path, name: str, matrix: Any) -> float:
    """What turns a matrix into vehicles per hour, by the attribute of its unit if it has one."""
    stated = [value for key, value in matrix.attrs.items() if str(key).lower() in ("unit", "units")]
    for value in stated:
        unit = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        return find_volume_scale(Table(file, {}, []), f"{name} ({unit})")[0]
    return 1.0


def _list(opened: Any, group: str) -> dict[str, Any]:
    import h5py

    held = opened.get(group)
    if not isinstance(held, h5py.Group):
        return {}
    return {str(name): values for name, values in held.items() if isinstance(values, h5py.Dataset)}


def _choose(file: Path, option: str, what: str, held: dict[str, Any], chosen: str | None) -> str:
    names = ", ".join(held)
    if chosen is not None:
        if chosen not in held:
            raise InputError(
                f"{option} is {chosen!r}; the {what} are {names or 'none'}", file=file, way_out="choose one of them"
            )
        return chosen
    if len(held) > 1:
        raise InputError(f"the file has several {what}: {names}", file=file, way_out=f"choose one with {option}=")
    return next(iter(held))


def _number(file: Path, mapping: str, mappings: dict[str, Any], size: int) -> npt.NDArray[np.int64]:
    if mapping == COUNTED:
        return np.arange(1, size + 1, dtype=np.int64)
    stored = mappings[mapping][...]
    texts = [one.decode(errors="replace") if isinstance(one, bytes) else str(one) for one in np.ravel(stored).tolist()]
    try:
        values = [float(text) for text in texts]
        if not all(value.is_integer() for value in values):
            raise ValueError
        numbers = np.array([int(value) for value in values], dtype=np.int64)
    except (ValueError, OverflowError):
        raise InputError(
            f"mapping {mapping!r} holds no whole numbers of zones", file=file, way_out="choose another"
        ) from None
    if numbers.size != size or np.unique(numbers).size != size:
        raise InputError(
            f"mapping {mapping!r} has {np.unique(numbers).size} different zones for {size} rows or columns",
            file=file,
            way_out="give each row and column its own zone",
        )
    return numbers
