"""Second rasters on a ground: roughness and soils, whole or with something missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from dresses import FALSE, OPEN, PLAIN
from flood_rasters import Floats, Layout, write_ascii, write_tiff

COVERS = {
    "none": PLAIN, "number": PLAIN, "roughness": PLAIN, "roughness in a GeoTIFF": PLAIN,
    "roughness without a CRS": PLAIN, "zones of roughness": PLAIN, "zones of soil": PLAIN,
    "roughness, NODATA on the ground": FALSE, "roughness, NaN on the ground": FALSE,
    "roughness, undeclared -9999 on the ground": FALSE, "roughness, half a cell off": OPEN,
    "roughness in another CRS": FALSE, "roughness, twice as coarse": OPEN,
    "zones of roughness, NODATA on the ground": FALSE, "zones of roughness, one without a number": FALSE,
    "zones of soil, NODATA on the ground": FALSE, "zones of roughness, NODATA 0 on the ground": FALSE,
    "zones of soil, NODATA 1 on the ground": FALSE, "roughness, NODATA 0.05 on the ground": FALSE,
}  # fmt: skip
NUMBERS = (0.03, 0.05, 0.08)


@dataclass(frozen=True)
class Cover:
    """What must lie on the ground: roughness that rises to the north, or zones in strips."""

    layout: Layout
    kind: str
    number: float = 0.035

    def find_manning(self, x: Any, y: Any) -> Floats:
        if self.kind.startswith("roughness"):
            return np.asarray(0.02 + 0.06 * (y - self.layout.south) / (self.layout.cell_y * self.layout.shape[0]))
        if self.kind.startswith("zones of roughness"):
            return np.array(NUMBERS)[self.find_zone(x, y)]
        return np.full(np.shape(x), self.number)

    def find_zone(self, x: Any, y: Any) -> np.ndarray:
        share = (x - self.layout.west) / (self.layout.cell * self.layout.shape[1])
        return np.clip(np.floor(3 * np.asarray(share)), 0, 2).astype(int)

    def measure(self, arrays: Any, valid: np.ndarray, x: Floats, y: Floats, is_exact: bool) -> str | None:
        manning = np.asarray(arrays["manning"][1])
        off = np.abs(manning - self.find_manning(x, y))
        near = np.full(off.shape, 1e-5)
        beside = np.zeros(off.shape, bool)  # cells within one of the file's of another zone
        if not is_exact:
            near += 0.6 * 0.06 / self.layout.shape[0] if self.kind.startswith("roughness") else 0.0
            for side in (-1.0, 1.0):
                beside |= self.find_zone(x + side * self.layout.cell, y) != self.find_zone(x, y)
            beside &= self.kind.startswith("zones")
        if (off > near)[valid & ~beside].any():
            return f"Manning's n is off by {off[valid & ~beside].max():.4g}"
        if self.kind.startswith("zones of soil"):
            wrong = (np.asarray(arrays["soil_zone"][1]) != self.find_zone(x, y)) & valid & ~beside
            return f"{int(wrong.sum())} cells have another soil" if wrong.any() else None
        return None


def write_cover(
    kind: str, layout: Layout, is_hole: np.ndarray, folder: Path, settings: dict[str, Any], rng: np.random.Generator,
    is_metric: bool,
) -> Cover:  # fmt: skip
    """Write the raster that the kind names, and set what uses it."""
    cover = Cover(layout, kind)
    if kind == "none":
        return cover
    if kind == "number":
        number = float(rng.uniform(0.02, 0.2))
        settings["roughness"] = repr(number)
        return replace(cover, number=number)
    crs = layout.crs if layout.crs is None else layout.crs.partition("+")[0]  # a cover has no heights
    worn = replace(layout, crs=crs)
    if "without a CRS" in kind:
        worn = replace(layout, crs=None)
    if "in another CRS" in kind:
        worn = replace(layout, crs="EPSG:32649")
    if "half a cell off" in kind:
        worn = replace(worn, west=layout.west + layout.cell / 2, south=layout.south + layout.cell_y / 2)
    if "twice as coarse" in kind:
        worn = replace(worn, cell=2 * layout.cell, shape=((layout.shape[0] + 1) // 2, (layout.shape[1] + 1) // 2))
    x, y = worn.spread()
    values = cover.find_manning(x, y) if kind.startswith("roughness") else cover.find_zone(x, y).astype(float)
    nodata: float | None = -9999.0
    if values.shape == is_hole.shape and "without a CRS" not in kind:
        values = np.where(is_hole, -9999.0, values)
    if "on the ground" in kind:
        said = kind.split()[-4]
        held = -9999.0 if said in ("NODATA", "-9999") else float(said)  # some are numbers that ground may have
        nodata = None if "undeclared" in kind else held if said != "NaN" else nodata
        values[1, 1:4] = held
    in_tiff = "GeoTIFF" in kind or "on the ground" in kind
    file = folder / ("cover.tif" if in_tiff else "cover.asc")
    (write_tiff if in_tiff else write_ascii)(file, values, worn, nodata=nodata)
    if kind.startswith("zones of soil"):
        settings["soil"] = f"{file}:loam,paved,clay"
    elif kind.startswith("zones"):
        listed = NUMBERS[:2] if "one without" in kind else NUMBERS
        settings["roughness"] = f"{file}:" + ",".join(map(str, listed))
    else:
        settings["roughness"] = str(file)
    return cover
