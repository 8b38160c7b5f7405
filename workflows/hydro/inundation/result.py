"""What an inundation answers: a sentence, volumes by member, maps, curves, and the roads that stand deepest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ....hpc.run.records import write_json
from ....hpc.run.result import Result
from ....hpc.run.runs import Run
from ....hpc.store.stores import read_arrays
from ..checks import find_leaks, find_limits
from ..inputs.rain_frames import say_unseen
from ..maps import find_sea
from ..products import VOLUMES

__all__ = ["finish_inundation"]

DEEPEST = 15  # links in the table


def finish_inundation(run: Run) -> Result:
    """Write figures and tables, and return summary and warnings."""
    from .figures import draw_agreement, draw_course, draw_depths

    data = run.open("flood")
    inputs = read_arrays(run.path / "inputs.zarr")
    attrs = run.record["attrs"]
    members = [str(name) for name in data.member.values]
    shown = int(np.argmin(np.abs(data.rain_factor.values - 1.0)))
    summary = [
        {
            "member": name,
            **{key: float(data[key].values[row]) for key in (*VOLUMES, "balance")},
            "n_limited": int(data.n_limited.values[row]),
        }
        for row, name in enumerate(members)
    ]
    deepest = data.deepest[shown].values
    cell = float(attrs["grid"]["cell_m"])
    hours = [seconds / 3600.0 for seconds in attrs["output_s"]]
    blind = say_unseen(float(attrs.get("unseen", 0.0)))
    draw_depths(run.path, 1, inputs, attrs, deepest, member=members[shown])

    land = ~find_sea(inputs)

    def measure(depth: Any) -> float:
        return float(((depth > attrs["threshold_m"]) & land).sum()) * cell**2

    areas = [
        [0.0, *(measure(data.depth[row, step].values) for step in range(len(hours)))]
        for row in range(min(len(members), 20))
    ]
    draw_course(
        run.path, 2, [0.0, *hours], areas, members, _mean_rain(inputs, attrs), shown=shown,
        boundaries=_find_courses(inputs),
    )  # fmt: skip
    if len(members) > 1:
        draw_agreement(run.path, 3, inputs, attrs, run.open("agreement").share_flooded.values)
    if "link_depth" in data:
        _write_links(run, data, inputs, shown)
    return Result(
        headline=(
            f"{blind}Under {members[shown]}, {measure(deepest) / 1e4:,.4g} ha stand above {attrs['threshold_m']:g} m "
            f"at some time; the deepest water is {float(np.nanmax(np.where(land, deepest, 0.0))):.3g} m."
            + ("" if land.all() else " The sea, or a river, that was there before is left out.")
        ),
        summary=summary,
        summary_title=f"Water of {len(members)} member{'s' if len(members) > 1 else ''}",
        warnings=[
            *([blind.rstrip(". ")] if blind else []),
            *find_leaks(data),
            *find_limits(data, int(inputs["valid"].sum())),
        ],
    )


def _find_courses(inputs: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """What changes at the boundaries: unit, hours since the start, values."""
    found = (
        ("m3/s in", inputs["inflow_s"], inputs["inflow_m3_s"].sum(axis=1)),
        ("sea, m", inputs["sea_s"], inputs["sea_level_m"]),
    )
    return [(unit, time_s / 3600.0, values) for unit, time_s, values in found if time_s.size > 1]


def _mean_rain(inputs: Mapping[str, Any], attrs: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Hours since the start, and the mean rate from then on [mm h-1]."""
    rate = inputs["rain"].astype(np.float64)
    if attrs["rain_grid"] is None:
        zones = np.bincount(inputs["rain_zone"][inputs["valid"]], minlength=rate.shape[1])[: rate.shape[1]]
        mean = (rate[:, :, 0] * zones).sum(axis=1) / max(int(zones.sum()), 1)
    else:
        mean = rate.mean(axis=(1, 2))
    return list(zip((inputs["rain_start_s"] / 3600.0).tolist(), mean.tolist(), strict=True))


def _write_links(run: Run, data: Any, inputs: Mapping[str, Any], shown: int) -> None:
    """The links under the deepest water."""
    depth = data.link_depth[shown].values
    most, when = depth.max(axis=0), depth.argmax(axis=0)
    order = np.argsort(-most, kind="stable")[:DEEPEST]
    minutes = np.array(run.record["attrs"]["output_s"]) / 60.0
    rows = [
        [int(inputs["link"][link]), str(inputs["link_name"][link]), float(most[link]), float(minutes[when[link]])]
        for link in order.tolist()
        if most[link] > 0.0
    ]
    (run.path / "tables").mkdir(exist_ok=True)
    write_json(
        run.path / "tables" / "01-links.json",
        {
            "section": "result",
            "title": "Roads under the deepest water",
            "caption": f"The {len(rows)} links under the deepest water, bridges left out, and after how long.",
            "columns": [
                {"name": "link", "unit": "1", "is_identifier": True},
                {"name": "name", "unit": "1"},
                {"name": "depth", "unit": "m"},
                {"name": "after", "unit": "min"},
            ],
            "rows": rows,
        },
    )
