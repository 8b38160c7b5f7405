"""Grounds: a tilted plane with a hole, in random dresses, and what `inundation` makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from dresses import FALSE, OPEN, PLAIN, Case, Dress, Field, find_level
from flood_covers import COVERS, Cover, write_cover
from flood_rasters import OFFSET, PACKED, Floats, Layout, find_transformer, write_ascii, write_tiff
from pyproj import Geod

from citytide.workflows.hydro.inundation.question import prepare_inundation
from citytide.workflows.hydro.inundation.settings import InundationSettings

FEET = {"EPSG:2229": 1200 / 3937, "EPSG:2263": 1200 / 3937}
DEGREES = ("EPSG:4326", "EPSG:4490")
STRETCHED = "EPSG:3857"  # its metres are none of the ground's
CORNERS = {  # CRS, west, south, length of a cell, in the unit of the CRS
    "EPSG:4547": ("EPSG:4547", 505_000.0, 2_494_000.0, 20.0),
    "EPSG:32650": ("EPSG:32650", 210_000.0, 2_495_000.0, 10.0),
    "EPSG:2326": ("EPSG:2326", 836_000.0, 819_000.0, 5.0),
    "EPSG:3035": ("EPSG:3035", 4_321_000.0, 3_210_000.0, 25.0),
    "EPSG:32721": ("EPSG:32721", 372_000.0, 6_170_000.0, 12.5),
    "local": ("local", 0.0, 0.0, 10.0),
    "EPSG:2229": ("EPSG:2229", 6_480_000.0, 1_840_000.0, 50.0),
    "EPSG:2263": ("EPSG:2263", 1_000_000.0, 200_000.0, 20.0),
    "EPSG:4326": ("EPSG:4326", 114.05, 22.53, 0.0002),
    "EPSG:4490": ("EPSG:4490", 114.05, 22.53, 0.0005),
    "EPSG:4326, south and west": ("EPSG:4326", -58.4, -34.6, 0.0005),
    "EPSG:4326, beyond 180": ("EPSG:4326", 243.0, 34.0, 0.0005),
    "EPSG:3857": ("EPSG:3857", 12_696_000.0, 2_577_000.0, 20.0),
}
UNITS = {"m": 1.0, "cm": 0.01, "ft": 0.3048, "US survey foot": 1200 / 3937}
DATUMS = {"EPSG:5773": "EGM96", "EPSG:5737": "CN85", "EPSG:3855": "EGM2008", "EPSG:5738": "HKPD"}
CAN_RESAMPLE = "resample_m" in InundationSettings.model_fields
RESAMPLED = PLAIN if CAN_RESAMPLE else OPEN
HEIGHT_UNITS = "height_units" in InundationSettings.model_fields
DECLARED = PLAIN if HEIGHT_UNITS else OPEN
CAN_NAME_NODATA = "nodata" in InundationSettings.model_fields

ASPECTS = {
    "place": {
        "EPSG:4547": PLAIN, "EPSG:32650": PLAIN, "EPSG:2326": PLAIN, "EPSG:3035": PLAIN, "local": PLAIN,
        "EPSG:32721": PLAIN, "EPSG:4326, south and west": RESAMPLED, "EPSG:4326, beyond 180": OPEN,
        "EPSG:2229": RESAMPLED, "EPSG:2263": RESAMPLED, "EPSG:4326": RESAMPLED, "EPSG:4490": RESAMPLED,
        "EPSG:3857": OPEN,
    },
    "resampling": {"asked for": PLAIN, "not asked for": OPEN},
    "format": {"tif": PLAIN, "asc": PLAIN, "asc.gz": PLAIN},
    "crs": {
        "in the file": PLAIN, "declared": PLAIN, "both": PLAIN, "nowhere": FALSE, "contradicted": FALSE,
        "of another kind": FALSE, "with the zone before the easting": FALSE, "with x and y swapped": FALSE,
    },
    "cells": {"squares": PLAIN, "oblong": OPEN},
    "unit": {
        "none, metres": PLAIN, "m in the band": PLAIN, "cm in the band": PLAIN, "ft in the band": PLAIN,
        "US survey foot in the band": PLAIN, "ft declared": DECLARED, "cm declared": DECLARED,
        "m declared": DECLARED, "ft in the band, m declared": FALSE, "parsec in the band": FALSE,
        "K in the band": FALSE, "ftUS in a compound CRS": OPEN,
    },
    "datum": {
        "declared": PLAIN, "declared by its EPSG code": PLAIN, "nowhere": FALSE, "declared as msl": FALSE,
        "in a compound CRS": OPEN, "in a compound CRS and declared": OPEN, "in a compound CRS, another declared": FALSE,
    },
    "nodata": {
        "no hole": PLAIN, "declared": PLAIN, "declared NaN": PLAIN, "declared -3.4e38": PLAIN, "declared 0": PLAIN,
        "a mask of its own": PLAIN, "declared, cells hold another": OPEN,
        "undeclared -9999": OPEN, "undeclared -32768": OPEN, "undeclared 1e20": OPEN, "undeclared -3.4e38": OPEN,
        "undeclared NaN": OPEN, "undeclared -9999, named": PLAIN, "undeclared 1e20, named": PLAIN,
        "undeclared -32768, named": PLAIN, "declared, cells hold another, named": OPEN,
    },
    "type": {"float32": PLAIN, "float64": PLAIN, "int16 packed": PLAIN, "uint8 packed": PLAIN,
             "int16 packed with an offset": PLAIN},
    "turned": {"north up": PLAIN, "south up": OPEN, "mirrored": OPEN, "turned by a quarter": OPEN},
    "bands": {"one": PLAIN, "two": OPEN},
    "style": {
        "corner": PLAIN, "centre": PLAIN, "dx dy": PLAIN, "upper case": PLAIN, "crlf": PLAIN, "wrapped": PLAIN,
        "decimal comma": OPEN, "byte order mark": OPEN,
    },
    "rain": {"60": PLAIN, "with a unit": OPEN},
    "cover": COVERS,
}  # fmt: skip


def find_relevant(dress: Dress) -> list[str]:
    is_metric = CORNERS[dress["place"]][0] not in (*FEET, *DEGREES, STRETCHED) and dress["cells"] == "squares"
    unused = {"style"} if dress["format"] == "tif" else {"type", "turned", "bands"}
    if is_metric or not CAN_RESAMPLE:
        unused.add("resampling")
    return [name for name in dress if name not in unused]


def settle(dress: Dress) -> Dress:
    """Options that cannot be worn together give way to plain ones."""
    worn = dict(dress)
    is_tiff, is_local = worn["format"] == "tif", worn["place"] == "local"
    if is_local and worn["crs"] != "nowhere":
        worn["crs"] = "declared"
    if not is_tiff and "the band" in worn["unit"]:
        worn["unit"] = "none, metres"
    if "declared" in worn["unit"] and not HEIGHT_UNITS:
        worn["unit"] = "none, metres"
    if (not is_tiff or is_local) and "compound" in worn["datum"]:
        worn["datum"] = "declared"
    if "compound" in worn["datum"] or "compound" in worn["unit"]:
        worn["crs"] = "in the file"
    if "compound" in worn["unit"]:
        worn["datum"] = "declared"
        if not is_tiff or is_local:
            worn["unit"] = "none, metres"
    if is_local and worn["datum"] == "nowhere":
        worn["datum"] = "declared"
    if is_tiff and "packed" in worn["type"] and ("undeclared" in worn["nodata"] or "another" in worn["nodata"]):
        worn["type"] = "float32"  # what stands for nothing among whole numbers is a number like any other
    if is_tiff and "packed" in worn["type"] and worn["nodata"] in ("declared NaN", "declared -3.4e38", "declared 0"):
        worn["nodata"] = "declared"
    if "packed" in worn["type"] and "compound" in worn["datum"] + worn["unit"]:
        worn["type"] = "float32"  # GDAL writes no scale beside heights of a vertical CRS
    if worn["nodata"] == "a mask of its own" and (not is_tiff or worn["turned"] != "north up"):
        worn["nodata"] = "declared"
    if not CAN_NAME_NODATA:
        worn["nodata"] = worn["nodata"].removesuffix(", named")
    if worn["crs"] == "with the zone before the easting" and worn["place"] != "EPSG:4547":
        worn["crs"] = "declared"
    if worn["crs"] == "with x and y swapped" and worn["place"] not in ("EPSG:4547", "EPSG:4326", "EPSG:4490"):
        worn["crs"] = "declared"
    return worn


@dataclass(frozen=True)
class Ground:
    """The truth: heights [m] as a function of a place in the CRS of the file, and where there is no ground."""

    crs: str
    layout: Layout
    height: Callable[[Any, Any], Floats]
    is_hole: np.ndarray
    datum: str | None
    rise: float  # from one cell to the next across the corner [m]
    step: float  # of the numbers that are stored [m]
    rain_mm_h: float
    minutes: float
    cover: Cover
    is_exact: bool  # the product reads cells as they are, on a plane of metres

    @property
    def area_m2(self) -> float:
        n = int((~self.is_hole).sum())
        if self.is_exact:
            return n * self.layout.cell**2  # of squares
        x, y = self.layout.west, self.layout.south
        east, north = x + self.layout.shape[1] * self.layout.cell, y + self.layout.shape[0] * self.layout.cell_y
        to = find_transformer(self.crs, "EPSG:4326")
        lon, lat = to.transform([x, east, east, x], [y, y, north, north])
        return abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0]) * n / self.is_hole.size

    def measure(self, prepared: Any) -> str | None:
        """What is wrong with heights, cells, area and rain, if anything."""
        arrays, attrs = prepared.arrays, prepared.attrs
        height, valid, x, y = (np.asarray(arrays[name][1]) for name in ("height", "valid", "x", "y"))
        cell_m, crs = attrs["grid"]["cell_m"], attrs["crs"]
        if self.datum is not None and attrs["height_datum"] != self.datum:
            return f"heights are called {attrs['height_datum']}, and are {self.datum}"
        at_x, at_y = np.meshgrid(x, y)
        if crs != self.crs:
            if self.is_exact:
                return f"the ground is in {crs}, and was in {self.crs}"
            at_x, at_y = find_transformer(crs, self.crs).transform(at_x, at_y)
        problem = None if self.is_exact or crs == "local" else _check_length(x, y, cell_m, crs)
        if problem is not None:
            return problem
        if self.layout.west > 180.0 and self.crs in DEGREES:
            at_x = at_x % 360.0
        column, row = (at_x - self.layout.west) / self.layout.cell, (at_y - self.layout.south) / self.layout.cell_y
        problem = self._check_mask(valid, row, column)
        if problem is not None:
            return problem
        off = (height - self.height(at_x, at_y))[valid]
        near = 0.51 * self.step + 1e-3 + (0.0 if self.is_exact else 0.55 * self.rise)
        if np.abs(off).max() > near or (abs(off.mean()) > 0.3 * near and not self.is_exact):
            return f"heights are off by {off.mean():.4g} m in the mean, {np.abs(off).max():.4g} m at most"
        area = valid.sum() * cell_m**2
        rim = 1e-4 if self.is_exact else 0.15  # a cell along the rim of 24 x 18
        if abs(area / self.area_m2 - 1.0) > rim:
            return f"the ground has {area:.6g} m2, and is {self.area_m2:.6g} m2"
        depth = np.asarray(arrays["rain"][1]).ravel() / 1000.0 * self.minutes / 60.0
        true = self.rain_mm_h / 1000.0 * self.minutes / 60.0
        if depth.size != 1 or abs(depth[0] / true - 1.0) > 1e-5:
            return f"{depth[0] * area:.6g} m3 of rain fall, and {true * area:.6g} m3 are true"
        return self.cover.measure(arrays, valid, at_x, at_y, self.is_exact)

    def _check_mask(self, valid: np.ndarray, row: Floats, column: Floats) -> str | None:
        if self.is_exact:
            if valid.shape != self.layout.shape or not np.allclose(row, np.floor(row) + 0.5, atol=1e-4):
                return f"cells are elsewhere: {valid.shape} of {self.layout.shape}"
            n_wrong = int((valid == self.is_hole).sum())
            return f"{n_wrong} cells are on the wrong side of the mask" if n_wrong else None
        n_y, n_x = self.layout.shape
        inside = (row > -0.5) & (row < n_y + 0.5) & (column > -0.5) & (column < n_x + 0.5)
        if (valid & ~inside).any():
            return f"{int((valid & ~inside).sum())} cells of ground lie off the file's"
        if not self.is_hole.any():
            return None
        rows, columns = np.nonzero(self.is_hole)
        deep = (row > rows.min() + 1) & (row < rows.max()) & (column > columns.min() + 1) & (column < columns.max())
        return f"{int((valid & deep).sum())} cells of the hole became ground" if (valid & deep).any() else None


def _check_length(x: Floats, y: Floats, cell_m: float, crs: str) -> str | None:
    """A cell must be as long on the ellipsoid as the product takes it, both ways."""
    if min(x.size, y.size) < 2:
        return f"the ground has {y.size} x {x.size} cells"
    to = find_transformer(crs, "EPSG:4326")
    for which, (along_x, along_y) in {"x": ((x[0], x[-1]), (y[0], y[0])), "y": ((x[0], x[0]), (y[0], y[-1]))}.items():
        (lon, lon_to), (lat, lat_to) = to.transform(along_x, along_y)
        length = Geod(ellps="WGS84").inv(lon, lat, lon_to, lat_to)[2]
        taken = cell_m * ((x if which == "x" else y).size - 1)
        if abs(taken / length - 1.0) > 5e-3:
            return f"the ground is {length:.6g} m long along {which}, and is taken for {taken:.6g} m"
    return None


def write(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    """Write a ground; the dress is changed to the one that it wears."""
    dress.update(settle(dress))
    place, west, south, cell = CORNERS[dress["place"]]
    tall = 1.25 if dress["cells"] == "oblong" else 1.0
    is_metric = place not in (*FEET, *DEGREES, STRETCHED) and tall == 1.0
    shape = (9, 12) if is_metric else (18, 24)
    in_file, settings = _choose_crs(dress, place)
    layout = Layout(west, south, cell, shape, in_file, tall)
    low, across, along = rng.uniform(8, 40), *(rng.uniform(-1, 1, 2) * 8 + 12)
    length_x, length_y = cell * shape[1], layout.cell_y * shape[0]

    def height(x: Any, y: Any) -> Floats:
        return np.asarray(low + across * (x - west) / length_x + along * (y - south) / length_y)

    is_hole = np.zeros(shape, bool)
    if dress["nodata"] != "no hole":
        is_hole[shape[0] // 3 : shape[0] * 3 // 4, shape[1] // 4 : shape[1] // 2 + 1] = True
    datum = _choose_datum(dress, settings, rng)
    if "compound" in dress["unit"]:
        datum = None
        settings["height_datum"] = "local"
        layout = replace(layout, crs=f"{place}+6360")
    elif "compound" in dress["datum"]:
        layout = replace(layout, crs=f"{place}+5737")
    written = layout
    if dress["crs"] == "with the zone before the easting":
        written = replace(layout, west=west + 38e6)
    elif dress["crs"] == "with x and y swapped":
        written = replace(layout, west=south, south=west)
    file, step = _write_heights(dress, height(*layout.spread()), is_hole, written, settings, folder)
    rain_mm_h, minutes = float(rng.uniform(5, 90)), 20.0
    settings |= {"terrain": str(file), "rain": repr(rain_mm_h), "duration_minutes": minutes}
    if dress["rain"] == "with a unit":
        settings |= {"rain": repr(rain_mm_h / 25.4), "rain_units": "in h-1"}
    if not is_metric and CAN_RESAMPLE and dress["resampling"] == "asked for":
        settings["resample_m"] = 0.5 * cell if place in FEET or place == "local" or cell > 1.0 else 20.0
    cover = write_cover(dress["cover"], layout, is_hole, folder, settings, rng, is_metric)
    ground = Ground(
        place, layout, height, is_hole, datum, abs(across) / shape[1] + abs(along) / shape[0], step, rain_mm_h,
        minutes, cover, is_metric,
    )  # fmt: skip
    level = find_level(ASPECTS, dress, find_relevant(dress))
    if level == PLAIN and not is_metric and dress["cover"] not in ("none", "number"):
        level = OPEN  # a second raster in degrees or feet may be refused
    if level == PLAIN and place in FEET and dress["unit"] == "none, metres":
        level = OPEN  # heights on a plane in feet may be in feet: it may be asked
    said = {name: str(value) for name, value in settings.items() if name not in ("terrain", "duration_minutes")}
    return Case(settings, ground.measure, level, {"settings": str(said)})


def _choose_crs(dress: Dress, place: str) -> tuple[str | None, dict[str, Any]]:
    """The CRS in the file, and the settings that declare one."""
    how = dress["crs"]
    if place == "local":
        return None, {} if how == "nowhere" else {"crs": "local"}
    other = "EPSG:4546" if place != "EPSG:4546" else "EPSG:4547"
    of_another_kind = "EPSG:4547" if place in DEGREES else "EPSG:4326"
    return {
        "in the file": (place, {}),
        "declared": (None, {"crs": place}),
        "both": (place, {"crs": place}),
        "nowhere": (None, {}),
        "contradicted": (place, {"crs": other}),
        "of another kind": (None, {"crs": of_another_kind}),
        "with the zone before the easting": (None, {"crs": place}),
        "with x and y swapped": (None, {"crs": place}),
    }[how]


def _choose_datum(dress: Dress, settings: dict[str, Any], rng: np.random.Generator) -> str | None:
    how = dress["datum"]
    code, name = list(DATUMS.items())[int(rng.integers(len(DATUMS)))]
    declared = {
        "declared": name, "declared by its EPSG code": code, "nowhere": None, "declared as msl": "msl",
        "in a compound CRS": None, "in a compound CRS and declared": "CN85",
        "in a compound CRS, another declared": "EGM96",
    }[how]  # fmt: skip
    if declared is not None:
        settings["height_datum"] = declared
    return "CN85" if "compound" in how else name


def _write_heights(
    dress: Dress, height: Floats, is_hole: np.ndarray, layout: Layout, settings: dict[str, Any], folder: Path
) -> tuple[Path, float]:
    """The file, and the step of its numbers [m]."""
    said = dress["unit"].partition(" in ")[0].partition(" declared")[0]
    unit = {"none, metres": "m", "parsec": "m", "K": "m", "ftUS": "US survey foot"}.get(said, said)
    if "declared" in dress["unit"]:
        settings["height_units"] = "m" if "m declared" in dress["unit"] and said != "cm" else said
    numbers = height / UNITS[unit]
    is_tiff = dress["format"] == "tif"
    dtype = dress["type"] if is_tiff else "float64"
    step, declared = PACKED[dtype]
    if step is not None:
        offset = OFFSET if "offset" in dtype else 0.0
        if (numbers.max() - offset) / step > {"uint8": 250, "int16": 32000}[dtype.partition(" ")[0]]:
            dtype, step, declared = "float32", None, -9999.0
        else:
            numbers = np.round((numbers - offset) / step)
    held, nodata = declared, None if dress["nodata"] == "no hole" else declared
    if dress["nodata"] == "declared NaN":
        held = nodata = float("nan")
    elif dress["nodata"] in ("declared -3.4e38", "declared 0"):
        held = nodata = 0.0 if dress["nodata"].endswith(" 0") else -3.4028234663852886e38
    elif dress["nodata"] == "a mask of its own":
        held, nodata = 0.0, None
    elif dress["nodata"].startswith("declared, cells hold another"):
        held = -9998.0 if "uint8" not in dtype else 254.0
        held = {-32768.0: -32767.0, -9999.0: -32768.0}.get(declared, held)
    elif dress["nodata"].startswith("undeclared"):
        held, nodata = float(dress["nodata"].split()[1].rstrip(",")), None
        held = -3.4028234663852886e38 if held < -1e38 else held
    if dress["nodata"].endswith(", named"):
        settings["nodata"] = held
    numbers = np.where(is_hole, held, numbers)
    file = folder / f"ground.{dress['format']}"
    if is_tiff:
        band = said if "in the band" in dress["unit"] else None
        write_tiff(
            file, numbers, layout, nodata=nodata, dtype=dtype, turned=dress["turned"], unit=band,
            bands=2 if dress["bands"] == "two" else 1, masked=is_hole if "mask" in dress["nodata"] else None,
        )  # fmt: skip
    else:
        write_ascii(file, numbers, layout, nodata=nodata, style=dress["style"])
    return file, (1e-5 if step is None else step) * UNITS[unit]


def prepare(settings: dict[str, Any]) -> Any:
    return prepare_inundation(InundationSettings(**settings))


GROUNDS = Field(
    ASPECTS, find_relevant, write, prepare,
    needs={"style": {"format": "asc"}, "resampling": {"place": "EPSG:4326"}, "cover": {"nodata": "declared"},
        **{f"place={crs}": {"unit": "ft declared"} for crs in FEET},
    },
)  # fmt: skip
