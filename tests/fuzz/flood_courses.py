"""Hydrographs: a level of the sea, or an inflow, that is known through time, in random dresses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dresses import FALSE, OPEN, PLAIN, Case, Dress, Field, find_level
from flood_rasters import Floats, Layout, write_ascii
from flood_tables import CAN_DECLARE_MISSING, LINES, SEPARATORS, TIMES, prepare, write_lines, write_times

GROUND = Layout(0.0, 0.0, 10.0, (6, 9), None)
SEA = {"m": 1.0, "cm": 0.01, "ft": 0.3048, "mm": 0.001, "米": 1.0}
FLOWS = {"m3/s": 1.0, "m3 s-1": 1.0, "L/s": 0.001, "m3/h": 1 / 3600, "ft3 s-1": 0.3048**3, "立方米/秒": 1.0}
HEADINGS = {"sea": ("level", "water level", "水位"), "inflow": ("flow", "discharge", "流量")}

ASPECTS = {
    "quantity": {"sea": PLAIN, "inflow": PLAIN},
    "time": {"time (s)": PLAIN} | TIMES | {"no headings, seconds": FALSE, "time_s": OPEN},
    "sea in": dict.fromkeys(SEA, PLAIN),
    "flow in": dict.fromkeys(FLOWS, PLAIN),
    "unit": {
        "in the heading": PLAIN, "in square brackets": PLAIN, "behind a blank": OPEN, "nowhere": FALSE,
        "of another quantity": FALSE, "K": FALSE, "too large": FALSE,
    },
    "heading": {"first": PLAIN, "second": PLAIN, "third": PLAIN, "unknown": OPEN},
    "separator": SEPARATORS,
    "lines": LINES,
    "missing": {
        "none": PLAIN, "empty": OPEN, "---": OPEN, "NaN": OPEN, "999.9": FALSE, "-99.9": FALSE, "-9999": FALSE,
        "9999": FALSE, "32767": FALSE, "9999 declared": OPEN, "/// declared": OPEN,
    },
    "rows": {"in order": PLAIN, "backwards": OPEN, "one twice": FALSE, "starting later": FALSE, "ending early": FALSE},
    "columns": {"one": PLAIN, "and a remark": OPEN, "and another course": OPEN, "and a flag": OPEN},
}  # fmt: skip


def find_relevant(dress: Dress) -> list[str]:
    return [name for name in dress if name != ("flow in" if dress["quantity"] == "sea" else "sea in")]


def settle(dress: Dress) -> Dress:
    """Options that cannot be worn together give way to plain ones."""
    worn = dict(dress)
    if worn["time"] in ("no headings, seconds", "time (K)") or "a word" in worn["time"]:
        worn["unit"], worn["columns"], worn["lines"] = "in the heading", "one", "lf"
    if worn["missing"].endswith(" declared") and not CAN_DECLARE_MISSING:
        worn["missing"] = "none"
    if worn["missing"] != "none":
        worn["rows"] = "in order"
    return worn


@dataclass(frozen=True)
class Course:
    """The truth: values [m or m3/s] on straight lines between times [s]."""

    time_s: Floats
    value: Floats
    gap: int | None
    quantity: str

    def measure(self, prepared: Any) -> str | None:
        """What is wrong with the course, if anything."""
        names = ("sea_s", "sea_level_m") if self.quantity == "sea" else ("inflow_s", "inflow_m3_s")
        time_s, value = (np.asarray(prepared.arrays[name][1], np.float64) for name in names)
        at = np.linspace(0.0, self.time_s[-1], 61)
        read = np.interp(at, time_s, value.reshape(len(time_s), -1)[:, 0])
        kept = np.arange(len(self.time_s)) != self.gap
        true = np.interp(at, self.time_s[kept], self.value[kept])  # a gap may be filled from its neighbours
        off = np.abs(read - true)
        if off.max() > 1e-5 * np.abs(true).max():
            worst = int(off.argmax())
            return f"{read[worst]:.6g} at {at[worst]:.0f} s, and it is {true[worst]:.6g}"
        is_told = self.gap is None or any("missing" in note for note in prepared.notes)
        return None if is_told else "a gap was filled, and no note says so"


def write(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    """Write ground and hydrograph; the dress is changed to the one that it wears."""
    dress.update(settle(dress))
    quantity, n = dress["quantity"], int(rng.integers(5, 8))
    step_s = float(rng.choice([300, 600, 1800]))
    time_s = step_s * np.arange(n)
    value = np.round(rng.uniform(0.2, 3.0, n), 3) + 0.0004  # never 0.999 m, which is 99.9 cm and looks like a code
    height = np.zeros(GROUND.shape) + np.linspace(-1.0, 2.0, GROUND.shape[1])
    settings: dict[str, Any] = {
        "terrain": str(write_ascii(folder / "ground.asc", height, GROUND, nodata=-9999.0)), "crs": "local",
        "rain": "10", "duration_minutes": time_s[-1] / 60.0,
    }  # fmt: skip
    gap = None if dress["missing"] == "none" else 2
    file = _write_table(dress, time_s, value, gap, settings, folder)
    if quantity == "sea":
        settings["sea_level"] = str(file)
    else:
        settings["inflow"] = f"45 25 {file}"
    course = Course(time_s, value, gap, quantity)
    return Case(settings, course.measure, find_level(ASPECTS, dress, find_relevant(dress)), {"step_s": f"{step_s:g}"})


def _write_table(
    dress: Dress, time_s: Floats, value: Floats, gap: int | None, settings: dict[str, Any], folder: Path
) -> Path:
    is_sea = dress["quantity"] == "sea"
    unit = dress["sea in" if is_sea else "flow in"]
    scale = (SEA if is_sea else FLOWS)[unit]
    cells = [f"{number:.10g}" for number in value / scale]
    if gap is not None:
        code = dress["missing"].removesuffix(" declared")
        cells[gap] = "" if code == "empty" else code
        if "declared" in dress["missing"]:
            settings["missing"] = code
    times, when = write_times(dress["time"], time_s, settings)
    rows = [[time, cell] for time, cell in zip(times, cells, strict=True)]
    rows = {
        "backwards": rows[::-1], "one twice": [*rows[:2], *rows[1:]], "starting later": rows[1:],
        "ending early": rows[:-1],
    }.get(dress["rows"], rows)  # fmt: skip
    named = HEADINGS[dress["quantity"]]
    words = dict(zip(("first", "second", "third"), named, strict=True)).get(dress["heading"], "column B")
    held = {"of another quantity": "m3/s" if is_sea else "m", "K": "K", "too large": "km" if is_sea else "km3/s"}.get(
        dress["unit"], unit
    )
    heading = f"{words} ({held})"
    if dress["unit"] == "nowhere":
        heading = words
    elif dress["unit"] == "in square brackets":
        heading = f"{words} [{held}]"
    elif dress["unit"] == "behind a blank":
        heading = f"{words} {held}"
    headings = [when or "", heading]
    extra = {
        "and a remark": ("remark", "ok"),
        "and another course": (f"{words} 2 ({held})", "1.5"),
        "and a flag": ("flag", "0"),
    }
    if dress["columns"] in extra:
        name, other = extra[dress["columns"]]
        headings, rows = [*headings, name], [[*row, other] for row in rows]
    if when is not None:
        rows = [headings, *rows]
    return write_lines(dress, rows, folder, "course.csv")


COURSES = Field(
    ASPECTS, find_relevant, write, prepare,
    needs={"flow in": {"quantity": "inflow"}},
)  # fmt: skip
