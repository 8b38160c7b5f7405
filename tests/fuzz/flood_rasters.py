"""Rasters as many programs write them: values of a known grid in an ESRI ASCII grid or a GeoTIFF."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from affine import Affine
from pyproj import CRS, Transformer

Floats = npt.NDArray[np.float64]
PACKED = {  # data type, step, what stands for nothing
    "float32": (None, -9999.0),
    "float64": (None, -9999.0),
    "int16 packed": (0.01, -32768.0),
    "uint8 packed": (0.5, 255.0),
    "int16 packed with an offset": (0.01, -32768.0),
}
OFFSET = -7.0  # of the numbers that are stored, where there is one


@lru_cache
def name_wkt(crs: str, version: str = "WKT2_2019") -> str:
    return str(CRS.from_user_input(crs).to_wkt(version))


@lru_cache
def find_transformer(crs: str, to: str) -> Any:
    return Transformer.from_crs(crs, to, always_xy=True)


@dataclass(frozen=True)
class Layout:
    """Where cells lie, in the unit of the CRS; the arrays written have the southernmost row first."""

    west: float
    south: float
    cell: float
    shape: tuple[int, int]
    crs: str | None  # that is written into the file, if any
    tall: float = 1.0  # height of a cell over its width

    @property
    def cell_y(self) -> float:
        return self.cell * self.tall

    @property
    def x(self) -> Floats:
        return self.west + (np.arange(self.shape[1]) + 0.5) * self.cell

    @property
    def y(self) -> Floats:
        return self.south + (np.arange(self.shape[0]) + 0.5) * self.cell_y

    def spread(self) -> tuple[Floats, Floats]:
        """Middles of all cells."""
        x, y = np.meshgrid(self.x, self.y)
        return x, y


def write_ascii(
    file: Path, values: Floats, layout: Layout, *, nodata: float | None, style: str = "corner", digits: int = 6
) -> Path:
    """Write an ESRI ASCII grid, packed where the name ends in ``.gz``; a ``.prj`` beside it names the CRS."""
    n_y, n_x = layout.shape
    place = [f"xllcorner {layout.west!r}", f"yllcorner {layout.south!r}", f"cellsize {layout.cell!r}"]
    if style == "centre":
        place[:2] = [f"xllcenter {layout.west + layout.cell / 2!r}", f"yllcenter {layout.south + layout.cell_y / 2!r}"]
    if style == "dx dy" or layout.tall != 1.0:
        place[2:] = [f"dx {layout.cell!r}", f"dy {layout.cell_y!r}"]
    head = [f"ncols {n_x}", f"nrows {n_y}", *place]
    if nodata is not None:
        head.append(f"NODATA_value {nodata:.10g}")
    if style == "upper case":
        head = [line.upper() for line in head]
    rows = [[f"{value:.{digits}f}" if abs(value) < 1e9 else f"{value:.10g}" for value in row] for row in values[::-1]]
    if style == "wrapped":
        rows = [row[at : at + 5] for row in rows for at in range(0, len(row), 5)]
    text = "\n".join([*head, *(" ".join(row) for row in rows)]) + "\n"
    if style == "crlf":
        text = text.replace("\n", "\r\n")
    if style == "decimal comma":
        text = text.replace(".", ",")
    raw = ("\ufeff" if style == "byte order mark" else "").encode() + text.encode("ascii")
    file.write_bytes(gzip.compress(raw) if file.suffix == ".gz" else raw)
    if layout.crs is not None:
        beside = (file.with_suffix("") if file.suffix == ".gz" else file).with_suffix(".prj")
        beside.write_text(name_wkt(layout.crs, "WKT1_ESRI"), encoding="utf-8")
    return file


def write_tiff(
    file: Path,
    values: Floats,
    layout: Layout,
    *,
    nodata: float | None,
    dtype: str = "float32",
    turned: str = "north up",
    unit: str | None = None,
    bands: int = 1,
    masked: np.ndarray | None = None,
) -> Path:
    """Write a GeoTIFF; ``values`` of packed types are already those that are stored."""
    n_y, n_x = layout.shape
    cell, tall = layout.cell, layout.cell_y
    north = layout.south + n_y * tall
    place = Affine(cell, 0.0, layout.west, 0.0, -tall, north)
    stored = values[::-1]
    if turned == "south up":
        place, stored = Affine(cell, 0.0, layout.west, 0.0, tall, layout.south), values
    elif turned == "mirrored":
        place = Affine(-cell, 0.0, layout.west + n_x * cell, 0.0, -tall, north)
        stored = stored[:, ::-1]
    elif turned == "turned by a quarter":  # rows run to the east, columns to the south
        place, stored = Affine(0.0, cell, layout.west, -tall, 0.0, north), stored.T
    kind = dtype.partition(" ")[0]
    with rasterio.open(
        file, "w", driver="GTiff", width=stored.shape[1], height=stored.shape[0], count=bands, dtype=kind,
        transform=place, crs=None if layout.crs is None else name_wkt(layout.crs), nodata=nodata,
    ) as opened:  # fmt: skip
        for band in range(1, bands + 1):
            opened.write(stored.astype(kind), band)
        if unit is not None:
            opened.units = (unit,) * bands
        step = PACKED[dtype][0]
        if step is not None:
            opened.scales, opened.offsets = (step,) * bands, (OFFSET if "offset" in dtype else 0.0,) * bands
        if masked is not None:  # a mask of its own beside the band
            opened.write_mask(np.where(masked[::-1], 0, 255).astype("uint8"))
    return file
