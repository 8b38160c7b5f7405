"""Road lines as the files of others hold them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from citytide.datasets.maps.features import read_features
from citytide.datasets.traffic.road_lines.columns import RoadColumns, find_road_columns, spread_tags

Points = Sequence[tuple[float, float]]

# A square of four corners, 100 m long each side, and its middle.
A, B, C, D, M = (0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0), (50.0, 50.0)
RING = [(A, B), (B, C), (C, D), (D, A)]


def write_lines(file: Path, lines: Sequence[Points], columns: Mapping[str, Sequence[Any]]) -> Path:
    """Write a CSV with WKT."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["wkt", *columns])
        for k, line in enumerate(lines):
            rows.writerow([shapely.linestrings(line).wkt, *(cells[k] for cells in columns.values())])
    return file


def write_map(
    file: Path, lines: Sequence[Any], columns: Mapping[str, Sequence[Any]], *, crs: str = "EPSG:4326", **options: Any
) -> Path:
    """Write a GeoPackage, a shapefile or GeoJSON, by the suffix."""
    from pyogrio.raw import write

    drivers = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON"}
    shapes = shapely.to_wkb(
        [line if isinstance(line, shapely.Geometry) else shapely.linestrings(line) for line in lines]
    )
    cells = [np.array([None if cell is None else str(cell) for cell in column], object) for column in columns.values()]
    write(file, np.asarray(shapes, object), cells, list(columns), driver=drivers[file.suffix], crs=crs,
          geometry_type=options.pop("geometry_type", "LineString"), encoding="UTF-8", **options)  # fmt: skip
    return file


def read_columns(folder: Path, columns: Mapping[str, Sequence[Any]]) -> RoadColumns:
    """Columns of lines that lie apart; class and places are given."""
    n = len(next(iter(columns.values())))
    lines = [[(float(k), 0.0), (float(k), 50.0)] for k in range(n)]
    file = write_lines(folder / "roads.csv", lines, {"highway": ["primary"] * n, **columns})
    return find_road_columns(spread_tags(read_features(file, crs="local")))
