"""Lines with columns, written as CSV with WKT, GeoJSON, GeoPackage or shapefile; planes over Shenzhen; shaken ends."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import CRS, Transformer
from road_world import PLACES

Point = tuple[float, float]
FEET = "+proj=tmerc +lat_0=0 +lon_0=114 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=us-ft +no_defs"
METRE = {"EPSG:4326": 1 / 107_000.0, "GCJ-02": 1 / 107_000.0, FEET: 3.2808333}  # of each map, about; 1 in others
CROSSING = 201  # the place where a bridge passes over a street; no node of the world


@lru_cache
def place_nodes(crs: str) -> Mapping[int, Point]:
    """The nodes of the world, and the crossing, in another plane or datum."""
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = (PLACES[n] for n in (6, 8, 5, 9))
    below = (x1 - x2) * (y3 - y4) - (y1 - y2) * (x3 - x4)
    t = ((x1 - x3) * (y3 - y4) - (y1 - y3) * (x3 - x4)) / below
    place = PLACES | {CROSSING: (x1 + t * (x2 - x1), y1 + t * (y2 - y1))}
    if crs == "EPSG:4326":
        return place
    if crs == "GCJ-02":
        return {node: shift(*at) for node, at in place.items()}
    change = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    return {node: change.transform(*at) for node, at in place.items()}


def shift(lon: float, lat: float) -> Point:
    """Degrees of Chinese web maps (GCJ-02), from those of WGS 84: the published formula."""
    x, y, pi = lon - 105.0, lat - 35.0, np.pi
    wave = 20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(abs(x))
    north += (wave + 20.0 * np.sin(y * pi) + 40.0 * np.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * pi) + 320.0 * np.sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(abs(x))
    east += (wave + 20.0 * np.sin(x * pi) + 40.0 * np.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * pi) + 300.0 * np.sin(x / 30.0 * pi)) * 2.0 / 3.0
    radius, squared = 6_378_245.0, 0.00669342162296594323
    magic = 1.0 - squared * np.sin(np.radians(lat)) ** 2
    dlat = north * 180.0 / (radius * (1.0 - squared) / (magic * np.sqrt(magic)) * pi)
    dlon = east * 180.0 / (radius / np.sqrt(magic) * np.cos(np.radians(lat)) * pi)
    return float(lon + dlon), float(lat + dlat)


def shake_ends(line: Sequence[Point], by_m: float, crs: str, rng: np.random.Generator) -> list[Point]:
    """Move both ends of a line by so many metres, each in a direction of its own."""
    moved = list(line)
    for end in (0, -1):
        angle = rng.uniform(0.0, 2.0 * np.pi)
        step = by_m * METRE.get(crs, 1.0)
        moved[end] = (line[end][0] + step * np.cos(angle), line[end][1] + step * np.sin(angle))
    return moved


def write_lines(
    folder: Path, suffix: str, rows: Sequence[Mapping[str, Any]], lines: Sequence[Sequence[Point]], crs: str | None,
    *, separator: str = ",", encoding: str = "utf-8", wkt: str = "wkt", kind: str = "LINESTRING", digits: int = 12,
) -> Path:  # fmt: skip
    """Write one row for each line. ``crs`` is what the file says of itself; CSV says nothing."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    file = folder / f"roads.{suffix}"
    if suffix == "csv":
        text = io.StringIO()
        writer = csv.writer(text, delimiter=separator, lineterminator="\n")
        writer.writerow([*names, wkt])
        for k, line in enumerate(lines):
            values = ["" if columns[name][k] is None else columns[name][k] for name in names]
            writer.writerow([*values, write_wkt(line, kind, digits)])
        file.write_bytes(text.getvalue().encode(encoding))
    elif suffix == "geojson":
        shape = {"LINESTRING": "LineString", "LINESTRING Z": "LineString", "MULTILINESTRING": "MultiLineString"}[kind]
        features = []
        for k, line in enumerate(lines):
            points: list[Any] = [
                [round(float(x), digits), round(float(y), digits), *([5.0] * kind.endswith("Z"))] for x, y in line
            ]
            geometry = {"type": shape, "coordinates": [points] if kind.startswith("MULTI") else points}
            properties = {name: columns[name][k] for name in names}
            features.append({"type": "Feature", "properties": properties, "geometry": geometry})
        whole: dict[str, Any] = {"type": "FeatureCollection", "features": features}
        if crs not in (None, "EPSG:4326"):
            whole["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{str(crs).replace(':', '::')}"}}
        file.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    else:
        _write_with_gdal(file, columns, [write_wkt(line, kind, digits) for line in lines], crs, kind)
    return file


def write_wkt(line: Sequence[Point], kind: str, digits: int) -> str:
    points = ", ".join(
        f"{round(float(x), digits)!r} {round(float(y), digits)!r}{' 5.0' if kind.endswith('Z') else ''}"
        for x, y in line
    )
    return f"{kind} (({points}))" if kind.startswith("MULTI") else f"{kind} ({points})"


def _write_with_gdal(file: Path, columns: Mapping[str, list[Any]], wkt: list[str], crs: str | None, kind: str) -> None:
    import pyogrio.raw
    import shapely

    arrays = [_make_column(values) for values in columns.values()]
    pyogrio.raw.write(
        str(file),
        geometry=shapely.to_wkb(shapely.from_wkt(wkt), output_dimension=3 if kind.endswith("Z") else 2),
        field_data=[values for values, _ in arrays],
        field_mask=[mask for _, mask in arrays],
        fields=list(columns),
        geometry_type={"LINESTRING": "LineString", "LINESTRING Z": "LineString Z"}.get(kind, "MultiLineString"),
        crs=None if crs is None else CRS.from_user_input(crs).to_wkt(),
        driver={"gpkg": "GPKG", "shp": "ESRI Shapefile"}[file.suffix[1:]],
        encoding="utf-8" if file.suffix == ".shp" else None,
    )


def _make_column(values: list[Any]) -> tuple[Any, Any]:
    mask = np.array([value is None for value in values])
    held = [value for value in values if value is not None]
    if held and all(isinstance(value, bool) for value in held):
        return np.array([bool(value) for value in values]), mask
    if held and all(isinstance(value, int) for value in held):
        return np.array([value or 0 for value in values], dtype=np.int64), mask
    if held and all(isinstance(value, int | float) for value in held):
        return np.array([value or 0.0 for value in values], dtype=np.float64), mask
    return np.array([None if value is None else str(value) for value in values], dtype=object), mask
