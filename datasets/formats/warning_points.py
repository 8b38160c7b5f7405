"""Points that are to be warned, with the depths that matter there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..place import transform
from .features import read_features
from .headings import NAME_HEADINGS, find_column

__all__ = ["WarningPoints", "read_warning_points"]

_DEPTHS = ("threshold_m", "thresholds_m", "threshold", "depth_m", "警戒水深", "阈值")
_IDS = ("id", "point", "point_id", "编号", "点号")


@dataclass(frozen=True)
class WarningPoints:
    """Named places and, for each, the depths that are warned of [m], ascending; none where the file names none."""

    crs: str
    name: tuple[str, ...]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    threshold_m: tuple[tuple[float, ...], ...]


def read_warning_points(file: str | Path, *, crs: str) -> WarningPoints:
    """Read points and carry them to a plane.

    Parameters
    ----------
    file
        CSV with columns ``name`` (or ``id``) and ``x, y`` in the plane's metres or ``lon, lat`` in WGS 84, or points of
        a map file; ``threshold_m`` may hold one depth or several, divided by semicolons.
    crs
        Of the plane.

    Raises
    ------
    InputError
        If the file cannot be read, a feature is no point, a name is empty or stands twice, or a depth is not above 0.

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
        raise found.error(int(np.argmax(wrong)), "the feature is no point", "give one point for each")
    x, y = np.asarray(shapely.get_x(found.geometry)), np.asarray(shapely.get_y(found.geometry))
    x, y = transform(x, y, found.crs, crs, file=file)
    named = find_column(found.columns, NAME_HEADINGS) or find_column(found.columns, _IDS)
    if named is None:
        raise InputError(
            f"the points have no names; the columns are {', '.join(found.columns)}",
            file=file,
            way_out="add a column name",
        )
    names = [cell.strip() for cell in found.columns[named]]
    for row, name in enumerate(names):
        if not name or name in names[:row]:
            problem = f"point {name!r} is given twice" if name else "the point has no name"
            raise found.error(row, problem, "give each point a name of its own")
    heading = find_column(found.columns, _DEPTHS)
    cells = [""] * len(names) if heading is None else found.columns[heading]
    depths = []
    for row, cell in enumerate(cells):
        try:
            asked = sorted({float(word) for word in cell.replace(",", ";").split(";") if word.strip()})
        except ValueError:
            raise found.error(row, f"{heading} is {cell!r}", "give depths in metres, divided by ;") from None
        if not all(0.0 < depth < np.inf for depth in asked):
            raise found.error(row, f"{heading} is {cell!r}", "give depths above 0 m")
        depths.append(tuple(asked))
    return WarningPoints(crs, tuple(names), x, y, tuple(depths))


def _find_crs(file: Path, plane: str) -> str | None:
    """A table that names degrees is in WGS 84, any other in the plane; a map file says itself."""
    if file.suffix.lower() not in (".csv", ".txt"):
        return None
    from ..tables import read_table

    columns = {name.strip().lower() for name in read_table(file).columns}
    return plane if {"x", "y"} <= columns else "EPSG:4326"
