"""Warnings as files that others read: a table, and points on the map of the world."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ....datasets.place.crs import LOCAL
from ....datasets.place.transformation import transform
from .table import QUANTILES, Warnings

__all__ = ["describe_rows", "write_warnings"]


def describe_rows(
    warnings: Warnings, names: Sequence[str], *, issued_s: int, valid_until_s: int
) -> list[dict[str, Any]]:
    """Each warning in words and numbers, the most urgent first; times in UTC."""
    percent = [f"{100 * quantile:.0f}" for quantile in QUANTILES]
    rows = []
    for row in warnings.rank().tolist():
        onsets = [None if np.isnan(at) else _show(at) for at in warnings.onset_s[row].tolist()]
        rows.append(
            {
                "point": names[int(warnings.point[row])],
                "threshold_m": float(warnings.threshold_m[row]),
                "probability": round(float(warnings.probability[row]), 6),
                **{f"onset_{at}": onset for at, onset in zip(percent, onsets, strict=True)},
                **{
                    f"peak_m_{at}": round(peak, 4)
                    for at, peak in zip(percent, warnings.peak_m[row].tolist(), strict=True)
                },
                "issued_at": _show(issued_s),
                "valid_until": _show(valid_until_s),
            }
        )
    return rows


def _show(utc_s: float) -> str:
    from ....datasets.text.times import show_time

    return show_time(round(utc_s), "UTC").replace("+00:00", "Z").replace(" ", "T")


def write_warnings(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    crs: str,
) -> tuple[Path, Path]:
    """Write ``warnings.csv`` and ``warnings.geojson``; each is whole or not there.

    Parameters
    ----------
    rows
        From :func:`describe_rows`.
    names, x, y
        Names and places of the points, in ``crs``.
    crs
        Points are written in longitude and latitude of WGS 84, as RFC 7946 wants it; on a local plane, which has no
        place on earth, they stay in metres, and a member of the collection says so.
    """
    at = {name: place for place, name in enumerate(names)}
    text = io.StringIO()
    if rows:
        table = csv.DictWriter(text, ["point", "x", "y", *list(rows[0])[1:]], lineterminator="\n")
        table.writeheader()
        for row in rows:
            place = at[row["point"]]
            table.writerow({**row, "x": f"{x[place]:.3f}", "y": f"{y[place]:.3f}"})
    east, north = (x, y) if crs == LOCAL else transform(x, y, crs, "EPSG:4326")
    digits = 3 if crs == LOCAL else 7
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "Point",
                "coordinates": [
                    round(float(east[at[row["point"]]]), digits),
                    round(float(north[at[row["point"]]]), digits),
                ],
            },
            "properties": dict(row),
        }
        for row in rows
    ]
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs == LOCAL:
        collection["plane"] = "local metres, no longitude and latitude"
    return (
        _write(folder / "warnings.csv", text.getvalue()),
        _write(folder / "warnings.geojson", json.dumps(collection, ensure_ascii=False, indent=1) + "\n"),
    )


def _write(path: Path, text: str) -> Path:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    return partial.replace(path)
