"""Features of map files: geometries with their columns of text, whatever the format."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..place.crs import agree_crs, is_geographic, name_crs
from ..place.crs_titles import title_crs
from ..text.encodings import read_text
from ..text.tables import read_table

__all__ = ["FEATURE_SUFFIXES", "POINTS", "Features", "read_features"]

_GDAL = (".gpkg", ".shp", ".fgb", ".gml", ".kml")
FEATURE_SUFFIXES = (*_GDAL, ".geojson", ".json", ".csv", ".txt")
_WKT = ("wkt", "geometry", "geom", "the_geom")
POINTS = (("lon", "lat"), ("lng", "lat"), ("longitude", "latitude"), ("经度", "纬度"), ("x", "y"))


@dataclass(frozen=True)
class Features:
    """Shapely geometries and, by lower-case name, columns of text; a missing value is an empty one."""

    file: Path
    crs: str
    geometry: npt.NDArray[Any]  # (feature,)
    columns: dict[str, list[str]]
    line: list[int] | None  # of a table's rows
    comments: tuple[str, ...] = ()  # of a table

    def __len__(self) -> int:
        return len(self.geometry)

    def find(self, names: Sequence[str]) -> str | None:
        """The first of some names that is a column."""
        return next((name for name in names if name in self.columns), None)

    def error(self, row: int, problem: str, way_out: str) -> InputError:
        """An error that names the feature: by its line in a table, else by its number."""
        if self.line is not None:
            return InputError(problem, file=self.file, line=self.line[row], way_out=way_out)
        return InputError(f"feature {row + 1}: {problem}", file=self.file, way_out=way_out)

    def show(self, row: int) -> str:
        """The first columns of a feature, for an error."""
        said = [cell for name, column in self.columns.items() if name not in _WKT and (cell := column[row].strip())]
        return " ".join(said[:2]) or "it"

    def numbers(self, name: str, *, missing: float = np.nan) -> npt.NDArray[np.float64]:
        """A column as numbers; an empty cell is ``missing``."""
        values = np.full(len(self), missing)
        for row, cell in enumerate(self.columns[name]):
            if cell.strip():
                try:
                    values[row] = float(cell)
                except ValueError:
                    raise self.error(row, f"{name} is {cell!r}", "give a number") from None
        return values


def read_features(file: str | Path, *, crs: str | None = None, layer: str | None = None) -> Features:
    """Read all features of a file.

    Parameters
    ----------
    file
        ``.geojson``, a table ``.csv`` with WKT or with coordinates of points, or ``.gpkg``, ``.shp`` and others of
        GDAL's (extra ``geo``). Texts are UTF-8 or GB18030.
    crs
        The CRS to assume if the file names none.
    layer
        The layer to read, if the file has several.

    Raises
    ------
    InputError
        If the file cannot be read, has no features or several layers, or its CRS is missing or contradicts ``crs``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "points.csv"
    ...     _ = file.write_text("name,lon,lat\\n福田,114.05,22.54\\n", encoding="gb18030")
    ...     read_features(file, crs="EPSG:4326").columns["name"]
    ['福田']
    """
    file = Path(file)
    suffix = file.suffix.lower()
    if suffix in (".geojson", ".json"):
        found = _read_geojson(file, crs)
    elif suffix in (".csv", ".txt"):
        found = _read_csv(file, crs)
    elif suffix in _GDAL:
        found = _read_gdal(file, crs, layer)
    else:
        raise InputError(
            f"the format {suffix or 'without a suffix'} is not read here",
            file=file,
            way_out="give .geojson, .csv, .gpkg or .shp",
        )
    if not len(found):
        if suffix in (".csv", ".txt"):
            raise InputError("the table must have at least one row", file=file, way_out="give one row for each feature")
        raise InputError("the file has no features", file=file, way_out="check that it is the right layer")
    _refuse_endless(found)
    return found


def _refuse_endless(found: Features) -> None:
    import shapely

    points, feature = shapely.get_coordinates(found.geometry, return_index=True)
    endless = ~np.isfinite(points).all(axis=1)
    if endless.any():
        k = int(np.argmax(endless))
        row = int(feature[k])
        x, y = points[k].tolist()
        raise found.error(row, f"{found.show(row)} has a vertex at ({x:g}, {y:g})", "give finite coordinates")


def _shape(found: Features, parse: Callable[[Any], Any], raw: Sequence[Any], cure: str) -> Features:
    """Parse all geometries at once; if that fails, name the first that cannot be one."""
    import shapely

    try:
        return replace(found, geometry=np.asarray(parse(list(raw)), object))
    except (shapely.errors.GEOSException, TypeError, ValueError) as error:
        problem = error
    for row, one in enumerate(raw):
        try:
            parse([one])
        except (shapely.errors.GEOSException, TypeError, ValueError) as error:
            why = " ".join(str(error).rpartition("Exception: ")[2].split())
            raise found.error(row, f"{found.show(row)} has no geometry that can be read ({why})", cure) from None
    raise InputError(f"the geometries cannot be read ({problem})", file=found.file, way_out=cure)


def _read_geojson(file: Path, crs: str | None) -> Features:
    import shapely

    try:
        document = json.loads(read_text(file))
        features = document["features"]
        raw = [None if feature["geometry"] is None else json.dumps(feature["geometry"]) for feature in features]
        bags = [feature.get("properties") or {} for feature in features]
        held = document.get("crs") or ""
        if isinstance(held, dict):
            held = (held.get("properties") or {}).get("name") or ""
        keys = list(dict.fromkeys(key for bag in bags for key in bag))
        columns = {key: [_text(bag.get(key)) for bag in bags] for key in keys}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"the file is not GeoJSON with features ({type(error).__name__}: {error})",
            file=file,
            way_out="save it as a FeatureCollection",
        ) from None
    # RFC 7946 knows one CRS only; older files name theirs. Shifted degrees are written as if they were WGS 84:
    # among degrees a declaration decides.
    held = f"EPSG:{held}" if isinstance(held, int) else str(held)
    plain = held.endswith(("CRS84", "4326"))
    if held and not (plain and (crs is None or is_geographic(crs))):
        named = agree_crs(held, crs, file=file)
    else:
        named = name_crs(crs or "EPSG:4326", file=file)
    found = Features(file, named, np.empty(len(raw), object), _lower(columns, file), None)
    return _shape(found, shapely.from_geojson, raw, "close its rings and give every vertex two numbers")


def _lower(columns: dict[str, list[str]], file: Path) -> dict[str, list[str]]:
    """Names in lower case; two that differ in case only would be one."""
    named: dict[str, list[str]] = {}
    for name, cells in columns.items():
        if name.lower() in named:
            raise InputError(
                f"column {name.lower()!r} must be unique, it is there twice in different case",
                file=file,
                way_out="keep one of them",
            )
        named[name.lower()] = cells
    return named


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return repr(value) if isinstance(value, float) else str(value)


def _read_csv(file: Path, crs: str | None) -> Features:
    import shapely

    table = read_table(file)
    named = name_crs(crs, file=file)
    wkt = next((name for name in _WKT if name in table), None)
    if wkt is not None:
        found = Features(file, named, np.empty(len(table), object), table.columns, table.line, table.comments)
        return _shape(found, shapely.from_wkt, table.columns[wkt], "write WKT: LINESTRING (x y, x y), or closed rings")
    is_plane = not is_geographic(named)
    asked = sorted(POINTS, key=lambda names: (names == ("x", "y")) != is_plane)  # of both, those that the CRS is of
    place = next((names for names in asked if all(name in table for name in names)), None)
    if is_plane and place not in (None, ("x", "y")):
        raise InputError(
            f"columns {' and '.join(place or ())} hold degrees, and the layer is on a plane ({title_crs(named)})",
            file=file,
            line=1,
            way_out="declare the CRS of the degrees, such as EPSG:4326, or name the columns x and y if they are metres",
        )
    if place is None:
        raise InputError(
            "the table must have columns of places",
            file=file,
            line=1,
            way_out=f"name a column wkt, or two lon, lat or x, y; the columns are {', '.join(table.columns)}",
        )
    points = np.asarray(shapely.points(*(table.numbers(name, least=None) for name in place)))
    return Features(file, named, points, table.columns, table.line, table.comments)


def _read_gdal(file: Path, crs: str | None, layer: str | None) -> Features:
    import shapely

    try:
        import pyogrio
        from pyogrio.errors import DataLayerError, DataSourceError
        from pyogrio.raw import read
    except ImportError:
        raise InputError(
            "pyogrio, which reads this format, is not installed", file=file, way_out='pip install "citytide[geo]"'
        ) from None
    try:
        layers = [str(name) for name in pyogrio.list_layers(file)[:, 0]]
        if layer is None and len(layers) > 1:
            raise InputError(
                f"the file has {len(layers)} layers", file=file, way_out=f"save one of them alone: {', '.join(layers)}"
            )
        meta, _, shapes, values = read(file, layer=layer, encoding=_find_encoding(file), force_2d=True)
    except (DataSourceError, DataLayerError) as error:
        raise InputError(f"the file cannot be read ({error})", file=file, way_out="check its format") from None
    except UnicodeDecodeError:  # a shapefile keeps ten bytes of a name, which may end within a letter
        raise InputError(
            "a name of a column, or a text, is not in the encoding of the file",
            file=file,
            way_out="name the columns in Latin letters, or save the file as GeoPackage",
        ) from None
    columns = {
        str(name): [_text(value) for value in column.tolist()]
        for name, column in zip(meta["fields"], values, strict=True)
    }
    if shapes is None:
        raise InputError("the layer must have geometries", file=file, way_out="give a layer of the map, not a table")
    found = Features(
        file, agree_crs(meta["crs"], crs, file=file), np.empty(len(shapes), object), _lower(columns, file), None
    )
    return _shape(found, shapely.from_wkb, shapes, "close its rings and save it again")


def _find_encoding(file: Path) -> str | None:
    """Of a shapefile's table: what its ``.cpg`` says, else UTF-8 if it is that, else GB18030."""
    if file.suffix.lower() != ".shp" or any(file.with_suffix(end).is_file() for end in (".cpg", ".CPG")):
        return None
    table = next((file.with_suffix(end) for end in (".dbf", ".DBF") if file.with_suffix(end).is_file()), None)
    if table is None:
        return None
    raw = table.read_bytes()
    records = raw[int.from_bytes(raw[8:10], "little") :]  # past the head, which tells its own length
    try:
        records.decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"
