"""Radar composites in ODIM HDF5, one file for each frame: a known field in random dresses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from dresses import FALSE, OPEN, PLAIN, Case, Dress, Field, find_level
from flood_frames import GROUND, GROUND_CRS, START_S, Weather, lay_out_settings, prepare
from flood_rasters import Floats, Layout, find_transformer, name_wkt

N_Y, N_X, CELL = 14, 16, 100.0
ZR = (300.0, 1.4)
PROJDEF = "+proj=tmerc +lat_0=0 +lon_0=114 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m +no_defs"  # of no registry

ASPECTS = {
    "quantity": {
        "RATE": PLAIN, "ACRR": PLAIN, "DBZH": PLAIN, "DBZH of its own relation": PLAIN, "VRAD": FALSE,
        "ACRR without its start": FALSE, "ACRR of two steps": OPEN, "RATE after DBZH": PLAIN,
    },
    "packing": {"uint8": PLAIN, "uint16": PLAIN, "float64": PLAIN, "uint16 without a nodata": FALSE},
    "dry": {"none": PLAIN, "undetect": PLAIN, "undetect is nodata": OPEN},
    "missing": {"none": PLAIN, "nodata": PLAIN, "NaN": OPEN},
    "what": {"with the data": PLAIN, "with the dataset": PLAIN, "at the root": OPEN},
    "place": {
        "projdef": PLAIN, "WKT": OPEN, "declared": PLAIN, "both": PLAIN, "contradicted": FALSE, "nowhere": FALSE,
        "projdef, the ground's by its code": OPEN,
    },
    "corners": {
        "two": PLAIN, "lower left alone": PLAIN, "none": FALSE, "of the middles of cells": OPEN, "swapped": FALSE,
        "of another place": FALSE, "sizes of another place": FALSE,
    },
    "scale": {"metres": PLAIN, "in km": PLAIN, "oblong": OPEN, "not said": FALSE},
    "frames": {"in order": PLAIN, "names run backwards": PLAIN, "one twice": FALSE, "one left out": OPEN,
               "one of another grid": FALSE, "one without a time": FALSE, "one of another quantity": FALSE},
    "object": {"COMP": PLAIN, "IMAGE": PLAIN, "PVOL": FALSE, "SCAN": FALSE},
}  # fmt: skip


def find_relevant(dress: Dress) -> list[str]:
    return list(dress)


def settle(dress: Dress) -> Dress:
    """Options that cannot be worn together give way to plain ones."""
    worn = dict(dress)
    if worn["missing"] == "NaN":
        worn["packing"] = "float64"
    if worn["packing"] == "uint16 without a nodata" and worn["missing"] == "nodata":
        worn["missing"] = "none"
    if worn["frames"] == "one of another quantity" and worn["quantity"] != "RATE":
        worn["quantity"] = "RATE"
    if worn["quantity"] == "VRAD":
        worn["dry"] = "none"
    if worn["quantity"] == "ACRR of two steps" and worn["frames"] != "in order":
        worn["frames"] = "in order"
    if worn["quantity"] == "RATE after DBZH" and worn["what"] != "with the data":
        worn["what"] = "with the data"  # one gain for both would be none
    if worn["place"] in ("declared", "nowhere"):
        worn["scale"] = {"in km": "metres"}.get(worn["scale"], worn["scale"])  # the projection says that it is in km
    if worn["corners"] == "none":
        worn["scale"] = "metres"
    return worn


def write(dress: Dress, rng: np.random.Generator, folder: Path) -> Case:
    """Write ground, points and composites; the dress is changed to the one that it wears."""
    dress.update(settle(dress))
    west, south = GROUND.west - 500.0, GROUND.south - 500.0
    layout = Layout(west, south, CELL, (N_Y, N_X), GROUND_CRS)
    n, step_s = int(rng.integers(4, 7)), int(rng.choice([300, 600, 900]))
    end_s = START_S + step_s * np.arange(1, n + 1)
    is_missing = np.zeros((N_Y, N_X), bool)
    if dress["missing"] != "none":
        is_missing[-2:, -3:] = is_missing[0, 0] = True
    slope = tuple(rng.uniform(0.3, 0.9, 2) * rng.choice([-0.5, 1.0], 2))
    weather = Weather(GROUND_CRS, layout, end_s, step_s, rng.uniform(5, 30, n), slope, is_missing, 0.0)
    x, y = layout.spread()
    rate = np.stack([weather.find_rate(frame, x, y) for frame in range(n)])
    is_dry = np.zeros((N_Y, N_X), bool)
    if dress["dry"] != "none":
        is_dry[3:5, 2:6] = True
    rate[:, is_dry] = 0.0
    if dress["dry"] == "undetect is nodata":  # nobody can tell which
        is_missing |= is_dry
    rain = folder / "rain"
    rain.mkdir()
    step = _write_frames(dress, rate, is_missing, layout, end_s, step_s, rain)
    settings = lay_out_settings(folder, n, step_s) | {"rain": str(rain)}
    if "by its code" not in dress["place"]:
        (folder / "ground.prj").unlink()
        settings["crs"] = PROJDEF
    if dress["place"] in ("declared", "both", "contradicted"):
        settings["rain_crs"] = "EPSG:4546" if dress["place"] == "contradicted" else PROJDEF
    is_kept = "by its code" not in dress["place"]
    weather = Weather(GROUND_CRS, layout, end_s, step_s, weather.strength, slope, is_missing, step, is_dry, is_kept)
    return Case(settings, weather.measure, find_level(ASPECTS, dress, find_relevant(dress)), {"step_s": str(step_s)})


def _write_frames(
    dress: Dress, rate: Floats, is_missing: np.ndarray, layout: Layout, end_s: np.ndarray, step_s: int, rain: Path
) -> float:
    """One file for each frame; the step of their numbers [mm/h]."""
    n, how = len(end_s), dress["frames"]
    whole = list(range(n))
    picked = {"one twice": [0, 1, 1, *whole[2:]], "one left out": [0, *whole[2:]]}.get(how, whole)
    step = 0.0
    for place, at in enumerate(picked):
        odd = place == 2
        name = f"T_{n - place if 'backwards' in how else place:02d}.h5"
        quantity = dress["quantity"]
        if odd and how == "one of another quantity":
            quantity = "DBZH"
        numbers = rate[at] if quantity != "ACRR of two steps" else rate[at] + rate[max(at - 1, 0)]
        shown = np.where(is_missing & (numbers > 0.0), np.nan, numbers)
        with h5py.File(rain / name, "w") as opened:
            frame = {"end": int(end_s[at]), "step_s": step_s, "odd": odd and how}
            step = max(step, _write_composite(opened, dress, quantity, shown, layout, frame))
    return step


def _write_composite(
    opened: Any, dress: Dress, quantity: str, rate: Floats, layout: Layout, frame: dict[str, Any]
) -> float:
    end, step_s = frame["end"], frame["step_s"]
    length = 2 * step_s if "two steps" in quantity else step_s
    opened.attrs["Conventions"] = np.bytes_("ODIM_H5/V2_3")
    root = opened.create_group("what")
    root.attrs["object"] = np.bytes_(dress["object"])
    when = datetime.fromtimestamp(end, UTC)
    if frame["odd"] != "one without a time":
        root.attrs["date"], root.attrs["time"] = np.bytes_(f"{when:%Y%m%d}"), np.bytes_(f"{when:%H%M%S}")
    _write_place(opened.create_group("where"), dress, layout, frame["odd"] == "one of another grid")
    dataset = opened.create_group("dataset1")
    held = dataset.create_group("what")
    start = datetime.fromtimestamp(end - length, UTC)
    if quantity != "ACRR without its start":
        held.attrs["startdate"], held.attrs["starttime"] = np.bytes_(f"{start:%Y%m%d}"), np.bytes_(f"{start:%H%M%S}")
    if frame["odd"] != "one without a time":
        held.attrs["enddate"], held.attrs["endtime"] = np.bytes_(f"{when:%Y%m%d}"), np.bytes_(f"{when:%H%M%S}")
    data = dataset.create_group("data1")
    kind = quantity.split()[0]
    values = {"ACRR": rate * step_s / 3600.0}.get(kind, rate)
    step = 0.0
    if kind == "DBZH":
        a, b = ZR if "relation" in quantity else (200.0, 1.6)
        if "relation" in quantity:
            how = opened.create_group("how")
            how.attrs["zr_a"], how.attrs["zr_b"] = a, b
        with np.errstate(divide="ignore"):
            values = 10.0 * np.log10(a * rate**b)
    if quantity == "RATE after DBZH":
        other = dataset.create_group("data2")
        with np.errstate(divide="ignore"):  # of another field, so that a reader that takes it is found
            _write_numbers(data, None, dress, "DBZH", 10.0 * np.log10(200.0 * (3 * rate) ** 1.6), root)
        return _write_numbers(other, None, dress, "RATE", rate, root)
    step = _write_numbers(data, held if dress["what"] == "with the dataset" else None, dress, kind, values, root)
    if kind == "DBZH":  # half a step of the reflectivity, as a rate at most
        return step * np.log(10.0) / 10.0 / 1.4 * float(np.nanmax(rate)) * 1.1
    return step * (3600.0 / step_s if kind == "ACRR" else 1.0)


def _write_numbers(data: Any, dataset_what: Any, dress: Dress, quantity: str, values: Floats, root: Any) -> float:
    packing = dress["packing"].split()[0]
    what = data.create_group("what")
    what.attrs["quantity"] = np.bytes_(quantity)
    keep = dataset_what if dataset_what is not None else root if dress["what"] == "at the root" else what
    is_dry = np.isneginf(values) | (values == 0.0)
    wet = values[np.isfinite(values) & ~is_dry]
    gain, offset, nodata, undetect = 1.0, 0.0, -9.9e6, -8.8e6
    if packing != "float64":
        top = 253.0 if packing == "uint8" else 65000.0
        offset = float(min(wet.min() - 1e-6, 0.0)) if quantity == "DBZH" else 0.0
        gain = (float(wet.max()) - offset) / top
        nodata, undetect = (255.0, 0.0) if packing == "uint8" else (65535.0, 0.0)
    if dress["dry"] == "undetect is nodata":
        undetect = nodata
    stored = (np.where(np.isfinite(values), values, 0.0) - offset) / gain
    if packing != "float64":
        stored = np.maximum(np.round(stored), 1.0)
    stored = np.where(
        is_dry, undetect, np.where(np.isnan(values), np.nan if dress["missing"] == "NaN" else nodata, stored)
    )
    keep.attrs["gain"], keep.attrs["offset"], keep.attrs["undetect"] = gain, offset, undetect
    if "without" not in dress["packing"]:
        keep.attrs["nodata"] = nodata
    data.create_dataset("data", data=stored[::-1].astype(packing))
    return gain if packing != "float64" else 0.0


def _write_place(where: Any, dress: Dress, layout: Layout, is_odd: bool) -> None:
    n_y, n_x = layout.shape
    scale = 1000.0 if dress["scale"] == "in km" else 1.0
    projdef = PROJDEF if scale == 1.0 else PROJDEF.replace("+units=m", "+units=km")
    if dress["place"].startswith("projdef") or dress["place"] in ("both", "contradicted"):
        where.attrs["projdef"] = np.bytes_(projdef)
    elif dress["place"] == "WKT":
        where.attrs["projdef"] = np.bytes_(name_wkt(projdef))
    if dress["scale"] != "not said":
        where.attrs["xscale"], where.attrs["yscale"] = layout.cell / scale, layout.cell / scale
        if dress["scale"] == "oblong":
            where.attrs["yscale"] = 1.5 * layout.cell
    where.attrs["xsize"], where.attrs["ysize"] = n_x, n_y
    low_x, low_y = layout.west, layout.south
    high_x, high_y = low_x + n_x * layout.cell, low_y + n_y * layout.cell
    if dress["corners"] == "of the middles of cells":
        low_x, low_y, high_x, high_y = low_x + 50.0, low_y + 50.0, high_x - 50.0, high_y - 50.0
    if is_odd:
        low_x, high_x = low_x + 300.0, high_x + 300.0
    if dress["corners"] == "sizes of another place":
        high_x += 2 * layout.cell
    to = find_transformer(GROUND_CRS, "EPSG:4326")
    (west, east), (south, north) = to.transform([low_x, high_x], [low_y, high_y])
    if dress["corners"] == "of another place":
        west, east = west + 3.0, east + 3.0
    if dress["corners"] == "swapped":
        west, south, east, north = south, west, north, east
    if dress["corners"] != "none":
        where.attrs["LL_lon"], where.attrs["LL_lat"] = west, south
    if dress["corners"] not in ("none", "lower left alone"):
        where.attrs["UR_lon"], where.attrs["UR_lat"] = east, north


COMPOSITES = Field(ASPECTS, find_relevant, write, prepare, needs={"dry": {"missing": "nodata"}})
