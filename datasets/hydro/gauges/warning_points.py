"""Points that are to be warned, with the depths that matter there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...maps.features import POINTS, Features, read_features
from ...place.transformation import transform
from ...text.headings import NAME_HEADINGS, find_column, match_columns, refuse_flags, split_heading
from ...text.units import convert_units

__all__ = ["WarningPoints", "read_warning_points"]

_DEPTHS = ("threshold", "thresholds", "depth", "depths", "warning depth", "warning_depth", "警戒水深", "阈值")
_LIKE_DEPTHS = re.compile(r"thresh|depth|level|warn|alert|alarm|limit|阈|水深|警戒|水位|积水|预警")
_PLACES = (
    "wkt",
    "geometry",
    "geom",
    "the_geom",
    "lon",
    "lat",
    "lng",
    "longitude",
    "latitude",
    "经度",
    "纬度",
    "x",
    "y",
)
_DEEPEST_M = 10.0  # a warning of more is one in centimetres or a code
_IDS = ("id", "point", "point_id", "编号", "点号")


@dataclass(frozen=True)
class WarningPoints:
    """Named places and, for each, the depths that are warned of [m], ascending; none where the file names none."""

    crs: str
    name: tuple[str, ...]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    threshold_m: tuple[tuple[float, ...], ...]
    notes: tuple[str, ...] = ()


def read_warning_points(file: str | Path, *, crs: str) -> WarningPoints:
    """Read points and carry them to a plane.

    Parameters
    ----------
    file
        CSV with columns ``name`` (or ``id``) and ``x, y`` in the plane's metres or ``lon, lat`` in WGS 84, or points of
        a map file; ``threshold_m``, or ``threshold (cm)``, may hold one depth or several, divided by semicolons.
    crs
        The CRS of the plane.

    Raises
    ------
    InputError
        If the file cannot be read, a feature is not a point, a name is empty or not unique, a column that looks like
        one of depths is not understood or names no unit, or a depth is not above 0 and up to 10 m.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "points.csv"
    ...     _ = file.write_text("name,x,y,threshold_m\\nunderpass,500010,2490020,0.15;0.5\\n", encoding="utf-8")
    ...     points = read_warning_points(file, crs="EPSG:4547")
    >>> points.name, points.x.tolist(), points.threshold_m
    (('underpass',), [500010.0], ((0.15, 0.5),))
    """
    import shapely

    file = Path(file)
    found = read_features(file, crs=_find_crs(file, crs))
    wrong = (shapely.get_type_id(found.geometry) != 0) | shapely.is_empty(found.geometry)
    if wrong.any():
        raise found.error(int(np.argmax(wrong)), "a warning point must be a point", "give one point for each place")
    x, y = np.asarray(shapely.get_x(found.geometry)), np.asarray(shapely.get_y(found.geometry))
    x, y = transform(x, y, found.crs, crs, file=file)
    named = find_column(found.columns, NAME_HEADINGS) or find_column(found.columns, _IDS)
    if named is None:
        raise InputError(
            f"the points must have names; the columns are {', '.join(found.columns)}",
            file=file,
            way_out="add a column name",
        )
    names = [cell.strip() for cell in found.columns[named]]
    for row, name in enumerate(names):
        if not name or name in names[:row]:
            problem = f"point {name!r} is given twice" if name else "the point has no name"
            raise found.error(row, problem, "give each point a name of its own")
    heading, unit = _find_depths(found)
    cells = [""] * len(names) if heading is None else found.columns[heading]
    depths = [_read_depths(found, row, cell, heading, unit) for row, cell in enumerate(cells)]
    places = [column for column in found.columns if split_heading(column)[0] in _PLACES]
    notes = refuse_flags(found, (named, heading, *places))
    return WarningPoints(crs, tuple(names), x, y, tuple(depths), notes)


def _find_depths(found: Features) -> tuple[str | None, str]:
    """The column of depths and its unit."""
    known = match_columns(found, _DEPTHS)
    unknown = [
        column for column in found.columns if column not in known and _LIKE_DEPTHS.search(split_heading(column)[0])
    ]
    line = None if found.line is None else 1
    if unknown:
        raise InputError(
            f"column {unknown[0]!r} is not understood as depths to warn of",
            file=found.file,
            line=line,
            way_out="name it threshold (m) or threshold (cm) if that is what it holds, or remove it",
        )
    if len(known) > 1:
        raise InputError(
            f"there are {len(known)} columns of depths to warn of: {', '.join(known)}",
            file=found.file,
            line=line,
            way_out="keep one; it may hold several depths, divided by semicolons",
        )
    if not known:
        return None, "m"
    heading, unit = next(iter(known.items()))
    convert_units(
        [], unit, "m", what=heading, file=found.file, line=line
    )  # refuses a missing unit, and one that is not a length
    return heading, str(unit)


def _read_depths(found: Features, row: int, cell: str, heading: str | None, unit: str) -> tuple[float, ...]:
    if re.fullmatch(r"\s*\d+,\d+\s*", cell):
        raise found.error(row, f"{heading} is {cell!r}, one depth or two", "write 1.5, or 1;5")
    try:
        asked = sorted({float(word) for word in cell.replace(",", ";").split(";") if word.strip()})
    except ValueError:
        raise found.error(row, f"{heading} is {cell!r}", f"give depths in {unit}, divided by ;") from None
    depths = convert_units(asked, unit, "m", what=str(heading), file=found.file).tolist() if asked else []
    for depth in depths:
        if not 0.0 < depth <= _DEEPEST_M:
            told = "" if unit == "m" else f", which is {depth:g} m"
            raise found.error(row, f"{heading} is {cell!r}{told}", f"give depths above 0 m and up to {_DEEPEST_M:g} m")
    return tuple(depths)


def _find_crs(file: Path, plane: str) -> str | None:
    """A table that names degrees is in WGS 84, any other in the plane; a map file says itself."""
    if file.suffix.lower() not in (".csv", ".txt"):
        return None
    from ...text.tables import read_table

    columns = {name.strip().lower() for name in read_table(file).columns}
    in_degrees = any(columns.issuperset(names) for names in POINTS[:-1])  # they win over x and y beside them
    return plane if {"x", "y"} <= columns and not in_degrees else "EPSG:4326"
