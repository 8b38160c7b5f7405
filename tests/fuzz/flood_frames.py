"""Frames of rain: a field that is known through time, in random dresses, and what `flood-warning` makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dresses import FALSE, OPEN, PLAIN, Case, Dress, Field, find_level
from flood_cubes import CONTAINERS, Cube, write_cube
from flood_rasters import Floats, Layout, find_transformer, write_ascii

from citytide.workflows.hydro.inundation.question import prepare_inundation
from citytide.workflows.hydro.inundation.settings import InundationSettings
from citytide.workflows.hydro.warning.question import prepare_warning
from citytide.workflows.hydro.warning.settings import FloodWarningSettings

START_S = 1_694_095_200  # 2023-09-07 14:00 UTC
GROUND_CRS = "EPSG:4547"
GROUND = Layout(505_000.0, 2_494_000.0, 50.0, (9, 12), GROUND_CRS)
CELL = {"EPSG:4547": 100.0, "EPSG:32649": 100.0, "EPSG:32650": 100.0, "EPSG:3857": 100.0, "EPSG:4490": 0.001,
        "EPSG:4326": 0.001}  # fmt: skip
N_Y, N_X = 14, 16
UNITS = {  # mm/h in one of each
    "mm h-1": 1.0, "mm/h": 1.0, "m s-1": 3.6e6, "kg m-2 s-1": 3600.0, "in/h": 25.4, "mm (10 min)-1": 6.0,
    "cm h-1": 10.0, "mm/10min": 6.0, "mm/hr": 1.0, "millimeters hour-1": 1.0, "kg m**-2 s**-1": 3600.0,
}  # fmt: skip
CAN_FLOOD = PLAIN if "rain_crs" in InundationSettings.model_fields else OPEN
CAN_NAME_UNITS = "rain_units" in FloodWarningSettings.model_fields
CAN_NAME_MISSING = "rain_missing" in FloodWarningSettings.model_fields
NAMED = PLAIN if CAN_NAME_UNITS else OPEN
CARRIED = PLAIN if CAN_NAME_MISSING else OPEN  # to the plane of the ground
SUMS = {"mm": 1.0, "m": 1000.0, "kg m-2": 1.0, "cm": 10.0}

ASPECTS = {
    "container": CONTAINERS | {"one netCDF for each frame": CARRIED, "one GeoTIFF for each frame": CARRIED},
    "workflow": {"flood-warning": PLAIN, "inundation": CAN_FLOOD},
    "place": {
        "EPSG:4547": PLAIN, "EPSG:4490": CARRIED, "EPSG:4326": CARRIED, "EPSG:32650": CARRIED, "EPSG:32649": CARRIED,
        "EPSG:3857": OPEN,
    },
    "crs": {
        "crs_wkt": PLAIN, "spatial_ref": PLAIN, "parameters of CF": PLAIN, "an attribute": PLAIN, "declared": PLAIN,
        "both": PLAIN, "nowhere": FALSE, "contradicted": FALSE,
    },
    "axes": {
        "x, y": PLAIN, "easting, northing": PLAIN, "odd names with standard names": PLAIN, "X, Y": PLAIN,
        "no coordinates": FALSE,
    },
    "lengths": {"m": PLAIN, "km": PLAIN, "unsaid": PLAIN, "ft": OPEN, "K": FALSE},
    "order": {"time y x": PLAIN, "y x time": PLAIN, "x y time": PLAIN, "time x y": PLAIN},
    "rows": {"northwards": PLAIN, "southwards": PLAIN, "westwards": PLAIN, "both": PLAIN},
    "cells": {"squares": PLAIN, "oblong": OPEN, "uneven": OPEN},
    "rain": {
        "rate": PLAIN, "rate, bounds": PLAIN, "rate, bounds, time at the start": PLAIN,
        "rate, bounds, time in the middle": PLAIN, "sum, bounds": PLAIN, "sum, bounds, time at the start": PLAIN,
        "sum without bounds": OPEN, "sum since the start": OPEN, "sum since the start, no bounds": OPEN,
        "sum of two steps": OPEN,
    },
    "unit": dict.fromkeys(UNITS, PLAIN) | {"nothing": FALSE, "K": FALSE, "1": FALSE, "dBZ": FALSE, "too large": FALSE,
        "nothing, declared": NAMED, "contradicted": FALSE, "both": OPEN,
    },
    "sum in": dict.fromkeys(SUMS, PLAIN),
    "meaning": {
        "none": PLAIN, "right": PLAIN, "of a sum for a rate": OPEN, "of a rate for a sum": OPEN,
        "of something else": FALSE,
    },
    "time": {
        "seconds since 1970-01-01": PLAIN, "minutes since 2023-09-07": PLAIN, "hours since 2023-09-07 00:00": PLAIN,
        "hours since 2023-09-07T08:00:00+08:00": PLAIN, "days since 1900-01-01": PLAIN,
        "seconds since 2023-09-07T14:00:00Z": PLAIN, "minutes since 2023-09-07 22:00 +8:00": PLAIN,
        "float32 seconds since 1970-01-01": OPEN, "float32 hours since 1900-01-01": OPEN, "no unit": FALSE,
        "seconds": FALSE, "parsec since 1970-01-01": FALSE, "noleap": FALSE, "360_day": FALSE,
    },
    "frames": {"in order": PLAIN, "backwards": PLAIN, "one twice": FALSE, "one left out": OPEN},
    "missing": {
        "none": PLAIN, "NaN": PLAIN, "NaN on the ground": OPEN, "_FillValue": PLAIN, "missing_value": PLAIN,
        "-9999 undeclared": OPEN,
        "-1 undeclared": OPEN, "9999 undeclared": OPEN, "999.9 undeclared": OPEN, "65535 undeclared": OPEN,
        "999.9 named": PLAIN, "-1 named": PLAIN, "outside of valid_range": OPEN, "above valid_max": OPEN,
    },
    "packing": {
        "float32": PLAIN, "float64": PLAIN, "int16 with a scale": PLAIN, "int16 with a scale and an offset": PLAIN,
        "uint8 with a scale": PLAIN,
    },
    "beside": {
        "nothing": PLAIN, "a quality index": OPEN, "a member of one": PLAIN, "another rain": OPEN, "two levels": OPEN,
    },
}  # fmt: skip


def find_relevant(dress: Dress) -> list[str]:
    is_sum = dress["rain"].startswith("sum")
    unused = {"unit"} if is_sum else {"sum in"}
    if dress["place"] in ("EPSG:4490", "EPSG:4326"):
        unused.add("lengths")
    if "GeoTIFF" in dress["container"]:
        unused |= {"axes", "lengths", "order", "beside", "meaning", "time", "rows"}
    return [name for name in dress if name not in unused]


def settle(dress: Dress) -> Dress:
    """Options that cannot be worn together give way to plain ones."""
    worn = dict(dress)
    if "GeoTIFF" in worn["container"]:
        worn["rain"] = "rate" if not worn["rain"].startswith("sum") else "sum without bounds"
        worn["cells"], worn["packing"], worn["time"] = "squares", "float32", "seconds since 1970-01-01"
        worn["frames"] = "in order" if worn["frames"] == "one twice" else worn["frames"]  # each has a name of its own
        worn["crs"] = {"nowhere": "nowhere", "declared": "declared"}.get(worn["crs"], "crs_wkt")
        worn["missing"] = {
            "missing_value": "_FillValue",
            "outside of valid_range": "NaN",
            "above valid_max": "NaN",
        }.get(worn["missing"], worn["missing"])
    if worn["container"] == "nc3" and worn["packing"] == "uint8 with a scale":
        worn["packing"] = "int16 with a scale"  # which classic netCDF does not have
    if "int" in worn["packing"] and worn["missing"] in (
        "NaN", "9999 undeclared", "999.9 undeclared", "65535 undeclared", "-9999 undeclared", "-1 undeclared",
        "999.9 named", "-1 named",
    ):  # fmt: skip
        worn["packing"] = "float32"
    if worn["missing"] in ("outside of valid_range", "above valid_max"):
        worn["packing"] = "float32"
    if worn["place"] in ("EPSG:4490", "EPSG:4326") and worn["axes"] == "easting, northing":
        worn["axes"] = "x, y"
    is_sum = worn["rain"].startswith("sum")
    if worn["meaning"] == ("of a sum for a rate" if is_sum else "of a rate for a sum"):
        worn["meaning"] = "right"
    if worn["unit"] not in UNITS and worn["rain"].startswith("sum"):
        worn["unit"] = "mm h-1"
    if worn["unit"] in ("nothing, declared", "contradicted", "both") and not CAN_NAME_UNITS:
        worn["unit"] = "mm h-1"
    if worn["missing"].endswith(" named") and not CAN_NAME_MISSING:
        worn["missing"] = "none"
    if worn["workflow"] == "inundation" and CAN_FLOOD != PLAIN:
        worn["workflow"] = "flood-warning"
    if worn["rain"] in ("sum of two steps", "sum since the start", "sum since the start, no bounds"):
        worn["frames"] = "in order"
    if worn["beside"] in ("a quality index", "another rain") and worn["meaning"] == "of something else":
        worn["meaning"] = "none"
    return worn


@dataclass(frozen=True)
class Weather:
    """The truth: frames that end a step apart, each a linear function of the place in the CRS of the file."""

    crs: str
    layout: Layout
    end_s: np.ndarray
    step_s: int
    strength: Floats  # of each frame [mm/h]
    slope: tuple[float, float]  # over the width and the height of the field
    is_missing: np.ndarray
    step: float  # of the numbers that are stored [mm/h]
    is_dry: np.ndarray | None = None
    is_kept: bool = False  # the file's cells are on the plane of the ground, and need not be carried

    def find_rate(self, frame: int, x: Any, y: Any) -> Floats:
        width, height = (n * self.layout.cell for n in self.layout.shape[::-1])
        east, north = (x - self.layout.west) / width, (y - self.layout.south) / height
        rate = np.asarray(self.strength[frame] * (1.0 + self.slope[0] * east + self.slope[1] * north))
        if self.is_dry is None:
            return rate
        row, column = (
            np.floor(at * n).astype(int) for at, n in ((north, len(self.is_dry)), (east, self.is_dry.shape[1]))
        )
        return np.where(
            self.is_dry[np.clip(row, 0, self.is_dry.shape[0] - 1), np.clip(column, 0, None) % self.is_dry.shape[1]],
            0.0,
            rate,
        )

    def measure(self, prepared: Any) -> str | None:
        """What is wrong with times, steps, and rates over the ground and around it, if anything."""
        arrays, attrs = prepared.arrays, prepared.attrs
        if "rain_before" not in arrays:
            return self._measure_flood(prepared)
        if attrs["rain_step_s"] != self.step_s or attrs["issued_s"] != self.end_s[-1]:
            return (
                f"frames are {attrs['rain_step_s']} s apart up to {attrs['issued_s']}, and are {self.step_s} s apart "
                f"up to {self.end_s[-1]}"
            )
        before = np.asarray(arrays["rain_before"][1], np.float64)
        x, y = (np.asarray(arrays[name][1]) for name in ("rain_x", "rain_y"))
        if len(before) != len(self.end_s):
            return f"{len(before)} frames wet the ground, {len(self.end_s)} were given"
        if _is_said(prepared):
            before = np.where(before == 0.0, np.nan, before)
        for frame in range(len(before)):
            problem = self._compare(frame, before[frame], x, y, f"frame {frame} over the ground")
            if problem is not None:
                return problem
        cell, (rows, columns) = attrs["rain_grid"]["cell_m"], (prepared.steps[1].params[k] for k in ("rows", "columns"))
        radar = np.asarray(arrays["radar"][1], np.float64)
        around_x = x[0] + cell * (np.arange(radar.shape[2]) - columns[0])
        around_y = y[0] + cell * (np.arange(radar.shape[1]) - rows[0])
        for at in range(3):
            frame = len(before) - 3 + at
            problem = self._compare(frame, radar[at], around_x, around_y, f"frame {frame} of the radar")
            if problem is not None:
                return problem
        return None if np.isnan(before).any() else self._sum_up(before, x, y, cell)

    def _measure_flood(self, prepared: Any) -> str | None:
        """The same of a run that starts with the first frame, and has no radar around the ground."""
        arrays, grid = prepared.arrays, prepared.attrs["rain_grid"]
        rain, start_s = (np.asarray(arrays[name][1], np.float64) for name in ("rain", "rain_start_s"))
        began = int(arrays["time"][1][0] - prepared.attrs["output_s"][0])
        if len(rain) != len(self.end_s) or (began + start_s).tolist() != (self.end_s - self.step_s).tolist():
            return f"frames start at {began} + {start_s}, and start at {self.end_s - self.step_s}"
        x, y = (
            grid[low] + (np.arange(grid[n]) + 0.5) * grid["cell_m"] for low, n in (("west", "n_x"), ("south", "n_y"))
        )
        if _is_said(prepared):
            rain = np.where(rain == 0.0, np.nan, rain)
        for frame in range(len(rain)):
            problem = self._compare(frame, rain[frame], x, y, f"frame {frame} of the flood")
            if problem is not None:
                return problem
        return None if np.isnan(rain).any() else self._sum_up(rain, x, y, grid["cell_m"])

    def _compare(self, frame: int, rate: Floats, x: Floats, y: Floats, what: str) -> str | None:
        at_x, at_y = np.meshgrid(x, y)
        if self.crs != GROUND_CRS:
            at_x, at_y = find_transformer(GROUND_CRS, self.crs).transform(at_x, at_y)
        n_y, n_x = self.layout.shape
        column, row = (at_x - self.layout.west) / self.layout.cell, (at_y - self.layout.south) / self.layout.cell
        is_same = all(np.abs(at % 1.0 - 0.5).max() < 1e-3 for at in (column, row))  # the file's
        if self.is_kept and not is_same:
            return f"{what}: cells are not where the file has them"
        rim = 0.0 if is_same else 1.0  # a cell that the file covers in part may go either way
        inside = (column > rim) & (column < n_x - rim) & (row > rim) & (row < n_y - rim)
        j, i = (np.clip(np.floor(at).astype(int), 0, n - 1) for at, n in ((row, n_y), (column, n_x)))
        gap = inside & self.is_missing[j, i]
        if is_same and not np.isnan(rate[gap]).all():
            return f"{what}: {int((~np.isnan(rate[gap])).sum())} missing cells hold {np.nanmax(rate[gap]):.4g} mm/h"
        near_gap = np.zeros_like(gap)
        for down, right in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1)):
            near_gap |= self.is_missing[np.clip(j + down, 0, n_y - 1), np.clip(i + right, 0, n_x - 1)]
        seen = inside & ~(gap if is_same else near_gap)
        if np.isnan(rate[seen]).any():
            return f"{what}: {int(np.isnan(rate[seen]).sum())} cells that are known are missing"
        true = self.find_rate(frame, at_x, at_y)
        per_cell = self.strength[frame] * (abs(self.slope[0]) / n_x + abs(self.slope[1]) / n_y)
        near = 1e-4 * true + 0.51 * self.step + (0.0 if is_same else 0.8 * per_cell)
        off = np.abs(rate - true)
        if seen.any() and (off > near)[seen].any():
            worst = np.unravel_index(np.where(seen, off - near, -np.inf).argmax(), off.shape)
            return f"{what}: {rate[worst]:.6g} mm/h where {true[worst]:.6g} fall"
        if not is_same and seen.any() and abs((rate - true)[seen].mean()) > 0.3 * per_cell + 0.51 * self.step:
            return f"{what}: rates are off by {(rate - true)[seen].mean():.4g} mm/h in the mean: a shift"
        return None

    def _sum_up(self, before: Floats, x: Floats, y: Floats, cell: float) -> str | None:
        at_x, at_y = np.meshgrid(x, y)
        if self.crs != GROUND_CRS:
            at_x, at_y = find_transformer(GROUND_CRS, self.crs).transform(at_x, at_y)
        true = sum(self.find_rate(frame, at_x, at_y).sum() for frame in range(len(before)))
        to_m3 = self.step_s / 3600.0 * cell**2 / 1000.0
        is_same = self.crs == GROUND_CRS and cell == self.layout.cell
        near = 1e-4 + 0.51 * self.step / 5.0 + (0.0 if is_same else 0.02)
        fallen = float(before.sum())
        return (
            f"{fallen * to_m3:.6g} m3 of rain fall, not {true * to_m3:.6g}" if abs(fallen / true - 1) > near else None
        )


def _is_said(prepared: Any) -> bool:
    """Whether the run says that rain over the ground is not known, and counts as none."""
    return prepared.attrs.get("unseen", 0.0) > 0.0 or any("missing" in note for note in prepared.notes)


def lay_out_settings(folder: Path, n: int, step_s: int) -> dict[str, Any]:
    """A level ground with one point, wetted by all of the frames."""
    (folder / "points.csv").write_text(f"name,x,y\nmiddle,{GROUND.west + 300.0},{GROUND.south + 225.0}\n")
    return {
        "terrain": str(write_ascii(folder / "ground.asc", np.full(GROUND.shape, 3.0), GROUND, nodata=-9999.0)),
        "height_datum": "CN85", "points": str(folder / "points.csv"), "members": 1,
        "spin_up_minutes": n * step_s / 60.0, "lead_minutes": step_s / 60.0,
    }  # fmt: skip


def write(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    """Write ground, points and frames; the dress is changed to the one that it wears."""
    dress.update(settle(dress))
    crs, cell = dress["place"], CELL[dress["place"]]
    middle = GROUND.west + 300.0, GROUND.south + 225.0
    if crs != GROUND_CRS:
        middle = find_transformer(GROUND_CRS, crs).transform(*middle)
    west, south = (round((at - n / 2 * cell) / cell) * cell for at, n in zip(middle, (N_X, N_Y), strict=True))
    layout = Layout(west, south, cell, (N_Y, N_X), crs)
    n, step_s = int(rng.integers(4, 7)), int(rng.choice([300, 600, 900, 3600]))
    end_s = START_S + step_s * np.arange(1, n + 1)
    is_missing = np.zeros((N_Y, N_X), bool)
    if dress["missing"] != "none":
        is_missing[-2:, -3:] = is_missing[0, 0] = True  # off the ground
    if dress["missing"] == "NaN on the ground":
        is_missing[N_Y // 2, N_X // 2] = True
    slope = tuple(rng.uniform(0.3, 0.9, 2) * rng.choice([-0.5, 1.0], 2))
    weather = Weather(crs, layout, end_s, step_s, rng.uniform(5, 30, n), slope, is_missing, 0.0)
    x, y = layout.spread()
    rate = np.stack([weather.find_rate(frame, x, y) for frame in range(n)])
    settings = lay_out_settings(folder, n, step_s)
    unit, scale = dress["unit"], UNITS.get(dress["unit"], 1.0)
    if unit in ("nothing, declared", "contradicted", "both"):
        settings["rain_units"] = "mm h-1" if unit != "contradicted" else "in h-1"
        unit = "nothing" if "nothing" in unit else "mm h-1"
    if dress["rain"].startswith("sum"):
        unit, scale = dress["sum in"], SUMS[dress["sum in"]]
    elif unit == "too large":
        unit, scale = "m s-1", 1.0
    if dress["missing"].endswith(" named"):
        settings["rain_missing"] = float(dress["missing"].split()[0])
    if dress["workflow"] == "inundation":
        kept = ("terrain", "height_datum", "rain_units", "rain_missing")
        settings = {name: settings[name] for name in kept if name in settings} | {"duration_minutes": n * step_s / 60.0}
    cube = Cube(layout, end_s, step_s, rate, is_missing, None if unit == "nothing" else unit, scale)
    file, step = write_cube(cube, dress, folder)
    settings["rain"] = str(file)
    other = "EPSG:4546"
    if dress["crs"] in ("declared", "both", "contradicted"):
        settings["rain_crs"] = other if dress["crs"] == "contradicted" else crs
    is_kept = crs == GROUND_CRS and dress["crs"] != "parameters of CF"  # which give the plane no code
    weather = Weather(crs, layout, end_s, step_s, weather.strength, slope, is_missing, step, is_kept=is_kept)
    level = find_level(ASPECTS, dress, find_relevant(dress))
    others = [name for name in find_relevant(dress) if name != "crs"]
    if dress["crs"] == "nowhere" and cell < 1.0 and find_level(ASPECTS, dress, others) != FALSE:
        level = OPEN  # degrees are named by their units, and one datum's are another's within a metre
    return Case(settings, weather.measure, level, {"step_s": str(step_s)})


def prepare(settings: dict[str, Any]) -> Any:
    """A warning where there are points, else a flood."""
    if "points" in settings:
        return prepare_warning(FloodWarningSettings(**settings))
    return prepare_inundation(InundationSettings(**settings))


FRAMES = Field(
    ASPECTS, find_relevant, write, prepare,
    needs={"sum in": {"rain": "sum, bounds"}, "meaning=of a rate for a sum": {"rain": "sum, bounds"}},
)  # fmt: skip
