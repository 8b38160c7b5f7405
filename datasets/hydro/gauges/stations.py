"""Stations, from tables and map files."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...maps.features import Features, read_features
from ...place.axis_order import refuse_swapped
from ...place.crs import is_geographic, name_crs
from ...text.headings import NAME_HEADINGS, STATION_HEADINGS, find_column, find_texts, match_columns, refuse_flags
from ...text.tables import Table, TextColumns, read_table
from ...text.units import convert_units
from ..layers import STATION_KINDS, StationLayer
from .readings import open_readings

__all__ = ["find_station_kind", "open_readings", "open_stations"]

Floats = npt.NDArray[np.float64]


_KINDS = ("kind", "type", "station_type", "sttp", "类型", "站类", "测站类型")
_LONGITUDES = ("lon", "lng", "long", "longitude", "lgtd", "经度", "东经")
_LATITUDES = ("lat", "latitude", "lttd", "纬度", "北纬")
_DEGREES = ("deg", "degree", "degrees", "°", "度", "decimal degrees", "degrees_east", "degrees_north", "°e", "°n")
_X, _Y = ("x", "x_coord", "easting"), ("y", "y_coord", "northing")
_WORDS = {  # two letters: station classes of SL 323, Chinese hydrological data base
    "rain gauge": 1, "rain": 1, "pp": 1, "雨量站": 1, "雨量": 1, "雨量计": 1, "water level": 2, "level": 2, "zz": 2,
    "zq": 2, "水位站": 2, "水位": 2, "水文站": 2, "内涝点": 2, "积水点": 2, "checkpoint": 3, "camera": 3,
    "detector": 3, "卡口": 3, "tide gauge": 4, "tide": 4, "tt": 4, "潮位站": 4,
}  # fmt: skip


def find_station_kind(word: str) -> int:
    """Place of a kind in ``STATION_KINDS`` by its usual English or Chinese word; 0 if unknown.

    Examples
    --------
    >>> [STATION_KINDS[find_station_kind(word)] for word in ("雨量站", "Tide_gauge", "sundial")]
    ['rain gauge', 'tide gauge', 'other']
    """
    return _WORDS.get(unicodedata.normalize("NFKC", word).strip().lower().replace("_", " "), 0)


def open_stations(file: str | Path, *, crs: str | None = None) -> StationLayer:
    """Read stations.

    Parameters
    ----------
    file
        CSV with a column of ids, of places (``lon, lat`` or ``x, y``), and, if there are, of names and kinds, under
        their usual English or Chinese headings; or points of any map file that
        :func:`~citytide.datasets.maps.features.read_features` reads.
    crs
        The CRS to assume if the file names none; a CSV never names one.

    Returns
    -------
    StationLayer
        In the order of the file.

    Raises
    ------
    InputError
        If a column or the CRS is missing, an id is empty or not unique, a place is not a number, longitude and latitude
        are swapped, or the places of the CRS are not degrees.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "gauges.csv"
    ...     _ = file.write_text("站号,站名,类型,经度,纬度\\nG1,莲花山,雨量站,114.05,22.55\\n", encoding="gb18030")
    ...     open_stations(file, crs="EPSG:4326").name
    ('莲花山',)
    """
    file = Path(file)
    if file.suffix.lower() in (".csv", ".txt"):
        rows = read_table(file)
        plane = name_crs(crs, file=file)
        x, y = _read_places(rows, plane)
        table: TextColumns = rows
    else:
        table = points = read_features(file, crs=crs)
        plane = points.crs
        x, y = _take_points(points)
    line = table.line
    refuse_swapped(x, y, file=file, line=line, crs=plane)
    if not len(table):
        raise InputError("the table must have at least one row", file=file, way_out="give one row for each station")
    ids = find_texts(table, STATION_HEADINGS, "station ids")
    first: dict[str, int] = {}
    for row, text in enumerate(ids):
        if first.setdefault(text, row) != row:
            earlier = f"feature {first[text] + 1}" if line is None else f"line {line[first[text]]}"
            raise table.error(row, f"station {text!r} is given twice, first on {earlier}", "keep one of the two")
    name, kind_of = find_column(table.columns, NAME_HEADINGS), find_column(table.columns, _KINDS)
    words = [""] * len(ids) if kind_of is None else [cell.strip() for cell in table.columns[kind_of]]
    kind = np.array([find_station_kind(word) for word in words], np.uint8)
    unknown = sorted({word for word, place in zip(words, kind.tolist(), strict=True) if word and not place} - {"other"})
    used = (find_column(table.columns, STATION_HEADINGS), name, kind_of, *_find_place_columns(table))
    notes = refuse_flags(table, used, may_flag=True)
    notes += (f"Stations of kind {', '.join(unknown)} are kept as {STATION_KINDS[0]!r}.",) if unknown else ()
    names = ids if name is None else [cell.strip() for cell in table.columns[name]]
    return StationLayer(plane, tuple(ids), kind, tuple(names), x, y, sources=(file,), notes=notes)


def _read_places(table: Table, plane: str) -> tuple[Floats, Floats]:
    pairs = {"degrees": (_LONGITUDES, _LATITUDES), "plane": (_X, _Y)}
    found = {sort: [next(iter(match_columns(table, names)), None) for names in pair] for sort, pair in pairs.items()}
    order = ("degrees", "plane") if is_geographic(plane) else ("plane", "degrees")
    sort = next((sort for sort in order if None not in found[sort]), None)
    if sort is None:
        raise InputError(
            "the table must have columns of places",
            file=table.file,
            line=1,
            way_out=f"name two columns lon, lat or x, y; the columns are {', '.join(table.columns)}",
        )
    x_name, y_name = (str(name) for name in found[sort])
    if sort == "degrees" and not is_geographic(plane):
        raise InputError(
            f"columns {x_name} and {y_name} are degrees, but {plane} is a plane of metres",
            file=table.file,
            line=1,
            way_out="declare the CRS of the degrees, such as EPSG:4326, EPSG:4490 or GCJ-02",
        )
    return _read_axis(table, x_name, plane), _read_axis(table, y_name, plane)


def _read_axis(table: Table, column: str, plane: str) -> Floats:
    """Positions in degrees or metres, whatever unit of either the heading names."""
    values = table.numbers(column, least=None)
    unit = match_columns(table, (*_LONGITUDES, *_LATITUDES, *_X, *_Y))[column]
    if unit is None or unit in _DEGREES:
        if unit is not None and not is_geographic(plane):
            raise InputError(
                f"heading {column!r} says {unit!r}, and the CRS is a plane of metres",
                file=table.file,
                line=1,
                way_out="name the columns lon and lat and declare the CRS of the degrees, or correct the heading",
            )
        return values
    return convert_units(values, unit, "degree" if is_geographic(plane) else "m", what=column, file=table.file, line=1)


def _find_place_columns(table: TextColumns) -> list[str]:
    known = (*_LONGITUDES, *_LATITUDES, *_X, *_Y, "wkt", "geometry", "geom", "the_geom")
    return list(match_columns(table, known))


def _take_points(table: Features) -> tuple[Floats, Floats]:
    import shapely

    wrong = (shapely.get_type_id(table.geometry) != 0) | shapely.is_empty(table.geometry)
    if wrong.any():
        raise table.error(int(np.argmax(wrong)), "a station must be a point", "give one point for each station")
    return np.asarray(shapely.get_x(table.geometry)), np.asarray(shapely.get_y(table.geometry))
