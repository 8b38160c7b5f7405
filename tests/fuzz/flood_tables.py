"""Tables of rain: known rates in each zone and interval, in random dresses, and what `inundation` makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from dresses import FALSE, OPEN, PLAIN, Case, Dress, Field, find_level
from flood_rasters import Floats, Layout, write_ascii, write_tiff

from citytide.workflows.hydro.inundation.question import prepare_inundation
from citytide.workflows.hydro.inundation.settings import InundationSettings

SHAPE, CELL = (6, 9), 10.0
START = datetime(2023, 9, 7, 14, tzinfo=UTC)
CAN_DECLARE_MISSING = "missing" in InundationSettings.model_fields
UNITS = {  # mm/h in one of each
    "mm h-1": 1.0, "mm/h": 1.0, "m s-1": 3.6e6, "in/h": 25.4, "kg m-2 s-1": 3600.0, "mm/10min": 6.0, "毫米/小时": 1.0,
    "cm h-1": 10.0, "mm (5 min)-1": 12.0, "mm d-1": 1 / 24,
}  # fmt: skip
CLOCKS = {"s": 1.0, "min": 60.0, "h": 3600.0, "分钟": 60.0}

TIMES = {
    "time_s": PLAIN, "no headings, seconds": PLAIN, "time (s)": PLAIN, "time (min)": PLAIN, "time (h)": PLAIN,
    "时间(分钟)": PLAIN, "minutes": OPEN, "time_min": OPEN, "Time [hours]": PLAIN, "t_h": OPEN,
    "clock": OPEN, "dates with an offset": OPEN, "dates, time_zone declared": OPEN, "dates without a zone": FALSE,
    "time (K)": FALSE, "dates with slashes, time_zone declared": OPEN, "dates in Chinese, time_zone declared": OPEN,
    "dates without marks, time_zone declared": OPEN, "dates, day first, time_zone declared": OPEN,
    "Excel's days": OPEN, "seconds since 1970": OPEN, "seconds without a word": OPEN,
}  # fmt: skip
SEPARATORS = {",": PLAIN, ";": OPEN, "tab": OPEN, "; and decimal commas": OPEN, "blanks": OPEN}
LINES = {
    "lf": PLAIN, "crlf": PLAIN, "blank ones": PLAIN, "byte order mark": PLAIN, "comments": OPEN,
    "two of headings": OPEN, "utf-16": OPEN,
}  # fmt: skip

ASPECTS = {
    "time": TIMES,
    "unit": {
        "declared": PLAIN, "in the headings and declared": PLAIN, "in the headings": PLAIN, "nowhere": FALSE,
        "contradicted": FALSE, "contradicted in one heading": FALSE, "declared, no unit of rain": FALSE,
        "declared, a thousand times too large": FALSE, "in the name of the column": OPEN,
        "contradicted in the name of the column": FALSE,
    },
    "written in": dict.fromkeys(UNITS, PLAIN) | {"mm/10min": OPEN, "mm (5 min)-1": OPEN},  # rows may keep other steps
    "amount": {
        "rate": PLAIN, "sum of the interval that begins": OPEN, "sum of the interval that ends": OPEN,
        "sum since the start": OPEN,
    },
    "zones": {
        "one": PLAIN, "three": PLAIN, "three in a GeoTIFF": PLAIN, "three, no raster": FALSE,
        "three, NODATA on the ground": FALSE, "three, NODATA 0 on the ground": FALSE,
        "three, one more on the ground": FALSE, "three, the raster names two": PLAIN,
    },
    "separator": SEPARATORS,
    "lines": LINES,
    "missing": {
        "none": PLAIN, "empty": OPEN, "---": OPEN, "NaN": OPEN, "999.9": FALSE, "-99.9": FALSE, "-9999": FALSE,
        "9999": FALSE, "32766": FALSE, "999.9 declared": OPEN, "-99.9 declared": OPEN, "--- declared": OPEN,
    },
    "rows": {
        "in order": PLAIN, "every other left out": PLAIN, "backwards": OPEN, "one twice": FALSE,
        "starting later": OPEN, "ending early": OPEN,
    },
    "named": {
        "zone 0": PLAIN, "rain": OPEN, "rain 0": OPEN, "分区0": OPEN, "Z0": OPEN, "zone 0, in another order": OPEN,
        "zone 1 first": OPEN, "by gauges": OPEN, "one twice": FALSE,
    },
    "columns": {"rates": PLAIN, "and a remark": OPEN, "and a number": OPEN, "and a sum of all": OPEN},
}  # fmt: skip


def find_relevant(dress: Dress) -> list[str]:
    return list(dress)


def settle(dress: Dress) -> Dress:
    """Options that cannot be worn together give way to plain ones."""
    worn = dict(dress)
    if "declared" in worn["missing"] and not CAN_DECLARE_MISSING:
        worn["missing"] = "none"
    is_said = "heading" in worn["unit"] + worn["lines"] or "contradicted" in worn["unit"] or "column" in worn["unit"]
    if worn["time"] == "no headings, seconds" and is_said:
        worn["time"] = "time_s"
    if worn["columns"] != "rates" and worn["time"] == "no headings, seconds":
        worn["time"] = "time_s"
    if worn["named"] != "zone 0" and (worn["time"] == "no headings, seconds" or "name of" in worn["unit"]):
        worn["named"] = "zone 0"
    if worn["named"] in ("zone 0, in another order", "zone 1 first", "one twice") and worn["zones"] == "one":
        worn["zones"] = "three"
    if worn["named"] == "rain" and worn["zones"] != "one":
        worn["named"] = "rain 0"
    if worn["zones"] != "one" and worn["columns"] != "rates":
        worn["columns"] = "rates"
    if worn["unit"] == "contradicted in one heading" and worn["zones"] == "one":
        worn["zones"] = "three"
    if worn["amount"] != "rate":
        worn["written in"] = "mm/h"
        if worn["unit"] == "declared, a thousand times too large":
            worn["unit"] = "declared"
        if worn["rows"] == "every other left out":
            worn["rows"] = "in order"
    if worn["rows"] == "starting later" and worn["time"].startswith(("dates", "Excel", "seconds since")):
        worn["rows"] = "in order"  # the run starts with the first row
    if worn["missing"] != "none" and worn["rows"] != "in order":
        worn["rows"] = "in order"
    return worn


@dataclass(frozen=True)
class Rainfall:
    """The truth: a rate [mm/h] in each interval and zone, and the zone of each cell."""

    bounds_s: Floats
    rate: Floats
    zone: np.ndarray
    gap: tuple[int, int] | None  # interval and zone that are not known

    def sum_depth(self, rate: Floats) -> Floats:
        """Depth [mm] of each interval and cell."""
        return (rate * np.diff(self.bounds_s)[:, None] / 3600.0)[:, self.zone]

    def measure(self, prepared: Any) -> str | None:
        """What is wrong with the depths of the intervals, if anything."""
        arrays = prepared.arrays
        start_s, rate = np.asarray(arrays["rain_start_s"][1]), np.asarray(arrays["rain"][1], np.float64)
        zone = np.asarray(arrays["rain_zone"][1])
        if start_s[0] != 0.0 or (np.diff(start_s) <= 0).any() or zone.max() >= rate.shape[1]:
            return f"frames start at {start_s}, zones reach up to {zone.max()} of {rate.shape[1]}"
        ends = np.append(start_s[1:], np.inf)
        low, high = self.bounds_s[:-1, None], self.bounds_s[1:, None]
        shared = np.clip(np.minimum(high, ends) - np.maximum(low, start_s), 0.0, None)
        depth = (shared @ rate[:, :, 0] / 3600.0)[:, zone]
        least = most = self.sum_depth(self.rate)
        if self.gap is not None:  # filled with nothing, or from its neighbours
            which = self.gap[1]
            least, most = (self.sum_depth(self._fill(value)) for value in (0.0, self.rate[:, which].max()))
        wrong = (depth < least * (1 - 1e-5) - 1e-6) | (depth > most * (1 + 1e-5) + 1e-6)  # times have ten digits
        if not wrong.any():
            is_told = self.gap is None or any("missing" in note for note in prepared.notes)
            return None if is_told else "a gap was filled, and no note says so"
        area = CELL**2 / 1000.0
        return f"{depth.sum() * area:.6g} m3 of rain fall, and {most.sum() * area:.6g} m3 are true"

    def _fill(self, value: float) -> Floats:
        filled = self.rate.copy()
        filled[self.gap] = value
        return filled


def write(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    """Write ground and table; the dress is changed to the one that it wears."""
    dress.update(settle(dress))
    n = int(rng.integers(4, 7))
    step_s = float(rng.choice([300, 600, 900, 1800]))
    n_zones = 1 if dress["zones"] == "one" else 3
    rate = np.round(rng.uniform(1, 90, (n, n_zones)), 1)
    if dress["missing"] == "none" and dress["rows"] != "starting later":
        rate[int(rng.integers(1, n))] = 0.0
    bounds = step_s * np.arange(n + 1)
    if dress["rows"] == "every other left out":
        rate[1::2] = rate[0::2][: len(rate[1::2])]
    if dress["rows"] == "starting later":
        rate[0] = 0.0
    if dress["rows"] == "ending early":
        rate[-1] = rate[-2]  # a rate holds until the next row, the last one to the end
    gap = None if dress["missing"] == "none" else (2, int(rng.integers(n_zones)))
    settings: dict[str, Any] = {"crs": "local", "duration_minutes": bounds[-1] / 60.0}
    zone = _write_ground(dress, n_zones, folder, settings)
    settings |= {"rain": str(_write_table(dress, rate, bounds, gap, settings, folder))}
    rain = Rainfall(bounds, rate, zone, gap)
    return Case(settings, rain.measure, find_level(ASPECTS, dress, find_relevant(dress)), {"step_s": f"{step_s:g}"})


def _write_ground(dress: Dress, n_zones: int, folder: Path, settings: dict[str, Any]) -> np.ndarray:
    layout = Layout(0.0, 0.0, CELL, SHAPE, None)
    settings["terrain"] = str(write_ascii(folder / "ground.asc", np.zeros(SHAPE), layout, nodata=-9999.0))
    zone = np.zeros(SHAPE, int) + np.arange(SHAPE[1]) * n_zones // SHAPE[1]
    kind = dress["zones"]
    if kind in ("one", "three, no raster"):
        return zone
    if "names two" in kind:
        zone = np.minimum(zone, 1)
    values = zone.astype(float)
    if "one more" in kind:
        values[2, 2:4] = 3
    nodata = 0.0 if "NODATA 0" in kind else 255.0 if "GeoTIFF" in kind else -9999.0
    if "NODATA" in kind:
        values[1, 4:6] = nodata
    if "GeoTIFF" in kind or "NODATA 0" in kind:
        file = write_tiff(folder / "zones.tif", values, layout, nodata=nodata, dtype="float32")
    else:
        file = write_ascii(folder / "zones.asc", values, layout, nodata=nodata, digits=0)
    settings["rain_zones"] = str(file)
    return zone


def _write_table(
    dress: Dress, rate: Floats, bounds: Floats, gap: tuple[int, int] | None, settings: dict[str, Any], folder: Path
) -> Path:
    unit = dress["written in"]
    numbers, at = rate / UNITS[unit], bounds[:-1]
    amount = dress["amount"]
    if amount != "rate":
        unit = "mm"
        fallen = rate * np.diff(bounds)[:, None] / 3600.0
        numbers = np.vstack([np.zeros_like(fallen[:1]), np.cumsum(fallen, axis=0)]) if "since" in amount else fallen
        at = bounds if "since" in amount else bounds[1:] if "ends" in amount else at
        if "begins" in amount:  # a last row says where the last interval ends
            numbers, at = np.vstack([numbers, np.zeros_like(fallen[:1])]), bounds
    settings_unit, headings = _choose_units(dress, unit, numbers.shape[1])
    if settings_unit is not None:
        settings["rain_units"] = settings_unit
    cells = [[f"{value:.10g}" for value in row] for row in numbers]
    if gap is not None:
        code = dress["missing"].removesuffix(" declared")
        cells[gap[0]][gap[1]] = "" if code == "empty" else code
        if "declared" in dress["missing"]:
            settings["missing"] = code
    times, heading = write_times(dress["time"], at, settings)
    rows = [[time, *row] for time, row in zip(times, cells, strict=True)]
    if dress["named"] == "zone 0, in another order":
        headings, rows = headings[::-1], [[row[0], *row[:0:-1]] for row in rows]
    rows = _order_rows(dress["rows"], rows)
    extra = {"and a remark": ("remark", "ok"), "and a number": ("station", "7"), "and a sum of all": ("total", "3.5")}
    if dress["columns"] in extra:
        name, value = extra[dress["columns"]]
        headings, rows = [*headings, name], [[*row, value] for row in rows]
    if heading is not None:
        rows = [[heading, *headings], *rows]
    return write_lines(dress, rows, folder, "rain.csv")


def _choose_units(dress: Dress, unit: str, n_zones: int) -> tuple[str | None, list[str]]:
    """What rain_units declares, and the headings of the rates."""
    how = dress["unit"]
    names = _name_zones(dress["named"], n_zones)
    other = "in/h" if unit != "in/h" else "mm/h"
    word = {"mm/h": "mm_h", "mm h-1": "mm_h", "in/h": "in_h", "mm": "mm"}.get(unit, "mm_h")
    if "name of the column" in how:
        if "contradicted" in how:
            return "m s-1", [f"rain_{word}" if n_zones == 1 else f"rain{k}_{word}" for k in range(n_zones)]
        declared = None if unit in ("mm/h", "mm h-1", "in/h") else unit
        return declared, [f"rain_{word}" if declared is None else name for name in names]
    held = {"in the headings and declared": unit, "in the headings": unit, "contradicted": other}.get(how)
    headings = [name if held is None else f"{name} ({held})" for name in names]
    if how == "contradicted in one heading":
        headings[-1] = f"{names[-1]} ({other})"
    declared = {
        "in the headings": None, "nowhere": None, "declared, no unit of rain": "K",
        "declared, a thousand times too large": "km s-1",
    }.get(how, unit)  # fmt: skip
    return declared, headings


def _name_zones(how: str, n_zones: int) -> list[str]:
    first = 1 if how == "zone 1 first" else 0
    if how == "by gauges":
        return ["Wutong", "Yantian", "Luohu"][:n_zones]
    if how == "rain":
        return ["rain"] * n_zones
    if how == "one twice":
        return [f"zone {min(which, n_zones - 2)}" for which in range(n_zones)]
    word = {"rain 0": "rain ", "分区0": "分区", "Z0": "Z"}.get(how, "zone ")
    return [f"{word}{which + first}" for which in range(n_zones)]


def write_times(how: str, at: Floats, settings: dict[str, Any]) -> tuple[list[str], str | None]:
    """The times, and the heading of their column."""
    if how == "clock":
        return [f"{int(s // 3600):02d}:{int(s % 3600 // 60):02d}" for s in at], "time"
    if how.startswith("dates"):
        east = [START + timedelta(hours=8, seconds=float(s)) for s in at]
        if "time_zone" in how:
            settings["time_zone"] = "Asia/Shanghai"
        shape = {
            "dates with slashes": "{0.year}/{0.month}/{0.day} {0:%H:%M}", "dates without marks": "{0:%Y%m%d%H%M}",
            "dates in Chinese": "{0.year}年{0.month}月{0.day}日{0.hour}时{0:%M}分",
            "dates, day first": "{0:%d/%m/%Y %H:%M}",
        }.get(how.rpartition(", ")[0], "{0:%Y-%m-%d %H:%M}")  # fmt: skip
        return [shape.format(when) + ("+08:00" if "offset" in how else "") for when in east], "time"
    if how == "Excel's days":
        days = (START - datetime(1899, 12, 30, tzinfo=UTC)).total_seconds() / 86400.0 + 1 / 3 + at / 86400.0
        return [f"{day:.10f}" for day in days], "time"
    if how == "seconds since 1970":
        return [f"{START.timestamp() + s:.0f}" for s in at], "time"
    unit = {
        "time (min)": "min", "时间(分钟)": "min", "minutes": "min", "time_min": "min", "time (h)": "h",
        "Time [hours]": "h", "t_h": "h",
    }.get(how, "s")  # fmt: skip
    return [f"{s / CLOCKS[unit]:.10g}" for s in at], None if how.startswith("no headings") else "time" if how.endswith(
        "a word"
    ) else how


def _order_rows(how: str, rows: list[list[str]]) -> list[list[str]]:
    return {
        "every other left out": rows[0::2], "backwards": rows[::-1], "one twice": [*rows[:2], *rows[1:]],
        "starting later": rows[1:], "ending early": rows[:-1],
    }.get(how, rows)  # fmt: skip


def write_lines(dress: Dress, rows: list[list[str]], folder: Path, name: str) -> Path:
    how, separator = dress["lines"], dress["separator"]
    mark = {"tab": "\t", "; and decimal commas": ";", "blanks": " "}.get(separator, separator)
    if "commas" in separator:
        rows = [[cell.replace(".", ",") for cell in row] for row in rows]
    lines = [mark.join(row) for row in rows]
    if how == "comments":
        lines = ["# rain of a design storm, 3 gauges", *lines[:2], "# in between", *lines[2:]]
    elif how == "blank ones":
        lines = ["", *lines[:2], "", *lines[2:], ""]
    elif how == "two of headings":
        lines = ["rain of a design storm" + mark * (len(rows[0]) - 1), *lines]
    text = ("\r\n" if how == "crlf" else "\n").join(lines) + "\n"
    file = folder / name
    encoding = {"byte order mark": "utf-8-sig", "utf-16": "utf-16"}.get(how, "utf-8")
    file.write_bytes(text.encode(encoding))
    return file


def prepare(settings: dict[str, Any]) -> Any:
    return prepare_inundation(InundationSettings(**settings))


TABLES = Field(
    ASPECTS, find_relevant, write, prepare,
    needs={
        "unit=contradicted in one heading": {"zones": "three"}, "amount": {"unit": "in the headings and declared"},
        "missing": {"zones": "three"}, "named": {"zones": "three", "unit": "in the headings and declared"},
        "named=rain": {"zones": "one"},
    },
)  # fmt: skip
