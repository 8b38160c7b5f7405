"""What a flood warning says: its files, a sentence, pictures, and its verification if that is known."""

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
from .figures import draw_depths_through_time, draw_points, draw_rain
from .files import describe_rows, write_warnings
from .steps import CONTROL, OBSERVED
from .table import Warnings, derive_warnings
from .verification import compare_warnings, list_outcomes, verify_warnings

__all__ = ["finish_warning"]

LISTED = 30  # warnings in the report; the files hold all
SAID = ("issued_at", "valid_until")  # the same for all warnings
UNSEEN = 0.05  # share of the forecast from beyond the radar's sight that is worth a warning


def finish_warning(run: Run) -> Result:
    """Write warnings, figures and tables, and return summary and warnings."""
    flood, forecast = run.open("flood"), run.open("forecast")
    inputs, attrs = read_arrays(run.path / "inputs.zarr"), run.record["attrs"]
    issued, names = int(attrs["issued_s"]), [str(name) for name in inputs["point"]]
    number = inputs["number"]
    members = number > 0
    time = flood.point_time.values.astype("datetime64[s]").astype(np.int64)
    ahead = time >= issued
    depth = flood.point_depth.values[:, ahead]
    found = derive_warnings(depth[members], time[ahead], attrs["thresholds_m"])
    rows = describe_rows(found, names, issued_s=issued, valid_until_s=int(attrs["valid_until_s"]))
    write_warnings(run.path, rows, names, inputs["point_x"], inputs["point_y"], attrs["crs"])
    rain = forecast.forecast_rain.values.astype(np.float64).mean(axis=(2, 3))
    step_min = attrs["rain_step_s"] / 60.0
    known = inputs["rain_before"].astype(np.float64)
    before = known.mean(axis=(1, 2)) if known.size else np.zeros(0)
    draw_rain(run.path, 1, before, rain[number >= 0], rain[-1] if attrs["has_observed"] else None, step_min)
    map_s = flood.map_time.values.astype("datetime64[s]").astype(np.int64)
    middle = np.median(flood.depth.values[members], axis=0)
    draw_depths_through_time(run.path, 2, inputs, attrs, middle, [(at - issued) / 60.0 for at in map_s.tolist()])
    lead_min = (int(attrs["valid_until_s"]) - issued) / 60.0
    draw_points(run.path, 3, rows, (found.onset_s[found.rank()] - issued) / 60.0, lead_min)
    more: dict[str, Any] = {"issued_at": rows[0]["issued_at"], "valid_until": rows[0]["valid_until"]}
    if "observed_depth" in inputs:
        came, source = inputs["observed_depth"].astype(np.float64), "that was read at the points"
        more["verification"] = _verify(run, found, depth, number, time[ahead], names, issued, came, source)
    elif attrs["has_observed"]:
        came, source = depth[number == OBSERVED][0], "that the observed rain brings"
        more["verification"] = _verify(run, found, depth, number, time[ahead], names, issued, came, source)
    likely = [row for row in rows if row["probability"] >= 0.5]
    n_points = len({row["point"] for row in likely})
    unseen = float(forecast.unseen.values[number == 0].max(initial=0.0))
    blind = say_unseen(float(attrs["unseen"]))
    warnings = [
        *([blind.rstrip(". ")] if blind else []),
        *find_leaks(flood),
        *find_limits(flood, int(inputs["valid"].sum())),
    ]
    if unseen > UNSEEN:
        warnings.append(
            f"{100 * unseen:.0f} % of the rain to come would arrive from beyond the radar's sight: it counts as none"
        )
        blind += f"{100 * unseen:.0f} % of the rain to come would arrive from beyond the radar's sight. "
    first = "" if not likely else f" The most urgent: {_say(likely[0])}."
    return Result(
        headline=(
            f"{blind}{n_points} of {len(names)} points will more likely than not be flooded before "
            f"{rows[0]['valid_until']}." + first
        ),
        summary=[{key: _shorten(key, value) for key, value in row.items() if key not in SAID} for row in rows[:LISTED]],
        summary_title=f"The {min(len(rows), LISTED)} most urgent of {len(rows)} warnings, times in UTC",
        warnings=warnings,
        more=more,
    )


def _verify(
    run: Run,
    found: Warnings,
    depth: Any,
    number: Any,
    time: Any,
    names: list[str],
    issued: int,
    observed: Any,
    source: str,
) -> dict[str, Any]:
    """Scores of the warnings, and a table of what was said and what came, at the points that were observed."""
    control = derive_warnings(depth[number == CONTROL], time, run.record["attrs"]["thresholds_m"])
    known = ~np.isnan(observed).any(axis=0)
    found, control = found.of_points(known), control.of_points(known)
    scores = verify_warnings(found, control.probability, observed, time, issued_s=issued)
    onset, _ = compare_warnings(observed, time, found)
    (run.path / "tables").mkdir(exist_ok=True)
    write_json(
        run.path / "tables" / "01-verification.json",
        {
            "section": "result",
            "title": "What was said, and what came",
            "caption": (
                f"Against the water {source}: {scores['hits']} hits, {scores['misses']} misses, "
                f"{scores['false_alarms']} false alarms of {scores['cases']} warnings (said with probability 50 % or "
                f"more). Brier score {scores['brier']:.3g}; of the control alone {scores['brier_control']:.3g}."
            ),
            "columns": [
                {"name": name, "unit": unit}
                for name, unit in (
                    ("point", "1"), ("depth", "m"), ("probability", "1"), ("onset said", "min"), ("onset came", "min"),
                )
            ],
            "rows": list_outcomes(found, onset, names, issued)[:LISTED],
        },
    )  # fmt: skip
    return scores


def _say(row: Mapping[str, Any]) -> str:
    return (
        f"{row['point']}, {row['threshold_m']:g} m from {row['onset_50']} on, probability {row['probability']:.0%}, "
        f"up to {row['peak_m_50']:.2g} m"
    )


def _shorten(key: str, value: Any) -> Any:
    """An onset as the time of the day."""
    return value[11:19] if key.startswith("onset") and value is not None else value
