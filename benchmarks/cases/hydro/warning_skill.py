"""How good flood warnings are: made-up storms over the synthetic city, against a truth at half the cell size.

Each storm is warned of once, when its rain over the city first reaches 5 mm/h, by an ensemble and by one deterministic
forecast: a moment chosen by what follows would make an honest probability look too low. What counts as true is the
water that the storm's own rain, without any radar or forecast between, brings to cells of half the side, of which the
forecasts' ground is the mean. A case is a point and a depth that was not reached when the warning was issued.
"""

from __future__ import annotations

import itertools
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..stopwatch import print_answer

__all__ = ["main", "score_storms", "warn_storm"]

SETTINGS = {"members": 20, "lead_minutes": 120, "spin_up_minutes": 60, "map_minutes": 120}
THRESHOLDS = (0.1, 0.2, 0.3)
WARNED_MM_H = 5.0
TRUTH_RAIN_CELL_M = 250.0
TRUTH_RAIN_STEP_S = 60


@lru_cache
def make_grounds(cell_m: float) -> tuple[Any, Any, tuple[tuple[float, float], ...]]:
    """The city's ground in cells of a side and of half of it, and places: where its roads are lowest."""
    from dataclasses import replace

    from ....datasets.city.assembly import assemble_city
    from ....datasets.synthetic.city import make_city

    coarse, fine = (make_city(seed=1, size="2km", cell_m=side) for side in (cell_m, cell_m / 2))
    city = assemble_city(coarse)
    below: Any = fine.terrain
    terrain: Any = coarse.terrain
    terrain = replace(terrain, **{name: _average(getattr(below, name)) for name in ("height", "manning")})
    cells, grid, height = city.crosswalks["link_cell"], terrain.grid, terrain.height.ravel()
    places = {(float(truth["x"]), float(truth["y"])) for truth in coarse.truths}
    on_ground = [at for at in range(city.roads.n_links) if city.roads.level[at] <= 0]
    for link in on_ground[:: max(1, len(on_ground) // 30)]:
        under = cells.column[cells.offset[link] : cells.offset[link + 1]]
        row, column = divmod(int(under[np.argmin(height[under])]), grid.n_x)
        places.add((float(grid.x[column]), float(grid.y[row])))
    return terrain, below, tuple(sorted(places))


def _average(fine: Any) -> Any:
    """Means over squares of four cells."""
    rows, columns = fine.shape
    return fine.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3)).astype(fine.dtype)


def _see_points(parts: Any) -> Any:
    """Depths (member, time, point) out of what a simulation hands over."""
    return np.concatenate([part.values for part in parts if part.variable == "point_depth"], axis=1)


def warn_storm(seed: int, *, cell_m: float = 20.0, members: int = 20) -> dict[str, Any] | None:
    """Warn of one storm, and simulate what came.

    Returns
    -------
    dict or None
        None of a storm that brings no such rain over the city. Else
        ``probability, control, happened, counts (case,)``, ``onset_min`` said and ``came_min`` (case,), since the
        warning; a case is a place and a depth.
    """
    from dataclasses import replace

    from ....datasets.hydro.rain.field import RainField
    from ....datasets.synthetic.hydro.storms import compute_rain_rate, make_storms
    from ....kernels.space.grid import Grid
    from ....workflows.hydro.simulation.case import FloodCase
    from ....workflows.hydro.simulation.simulate import simulate_flood
    from ....workflows.hydro.warning.layout import lay_out_warning
    from ....workflows.hydro.warning.points import Points
    from ....workflows.hydro.warning.rain import FRAMES, STORM_REGION_M, split_rain, watch_storms
    from ....workflows.hydro.warning.settings import FloodWarningSettings
    from ....workflows.hydro.warning.steps import ForecastRain, RadarRain, WarnedCase, find_motion, forecast_members
    from ....workflows.hydro.warning.table import derive_warnings, find_onsets

    coarse, fine, places = make_grounds(cell_m)
    settings = FloodWarningSettings.model_validate({**SETTINGS, "members": members})
    grid = coarse.grid
    x, y = np.array(places).T
    cell = ((y - grid.south) // grid.cell_m * grid.n_x + (x - grid.west) // grid.cell_m).astype(np.int64)
    points = Points(tuple(str(at) for at in range(len(places))), x, y, cell, (THRESHOLDS,) * len(places))
    field = RainField(**watch_storms(seed, grid), crs=coarse.crs)
    rain = split_rain(field, grid, issued_at=None, spin_up_s=3600.0, lead_s=7200.0)
    over = field.rate[:, slice(*rain.rows), slice(*rain.columns)].mean(axis=(1, 2))
    heavy = np.flatnonzero(over[FRAMES - 1 : -int(7200 // field.step_s)] >= WARNED_MM_H)
    if not heavy.size:
        return None
    issued_at = str(np.datetime64(int(field.time[FRAMES - 1 + heavy[0]]), "s"))
    rain = split_rain(field, grid, issued_at=issued_at, spin_up_s=3600.0, lead_s=7200.0)
    laid = lay_out_warning(settings, coarse, None, replace(rain, after=rain.after[:0]), points)
    arrays = {name: values for name, (_, values) in laid.arrays.items()}
    motion = find_motion(RadarRain.from_arrays(arrays))
    ahead = forecast_members(ForecastRain.from_arrays({**arrays, **motion}, **laid.forecast))
    depth = _see_points(simulate_flood(WarnedCase.from_arrays({**arrays, **ahead}, **laid.flood)))
    time = np.array(laid.flood["point_s"])
    found = derive_warnings(depth[1:], time, points.threshold_m)
    control = derive_warnings(depth[:1], time, points.threshold_m)

    west, south, east, north = grid.west, grid.south, grid.east, grid.north
    region = STORM_REGION_M
    storms = make_storms(seed, (west - region, south - region, east + region, north + region))
    truth_grid = Grid.cover(west, south, east, north, cell_m=TRUTH_RAIN_CELL_M)
    start = rain.issued_s - len(rain.before) * rain.step_s
    middle = start + TRUTH_RAIN_STEP_S * (np.arange(int(time[-1]) // TRUTH_RAIN_STEP_S) + 0.5)
    rate = np.stack([compute_rain_rate(storms, at, truth_grid.x[None, :], truth_grid.y[:, None]) for at in middle])
    below = fine.grid
    # the depth of a place is the mean over the same square
    row, column = np.divmod(cell, grid.n_x)
    quarters = [(2 * row + up) * below.n_x + 2 * column + along for up in (0, 1) for along in (0, 1)]
    truth = lay_out_warning(settings, fine, None, replace(rain, after=rain.after[:0]), points)
    true_arrays = {name: values for name, (_, values) in truth.arrays.items()} | {
        "rain": rate.astype(np.float32),
        "rain_start_s": TRUTH_RAIN_STEP_S * np.arange(len(rate), dtype=np.float64),
        "rain_factor": np.ones(1),
        "point_cell": np.concatenate(quarters),
    }
    packed = {name: getattr(truth_grid, name) for name in ("west", "south", "cell_m", "n_y", "n_x")}
    true_case = FloodCase.from_arrays(true_arrays, **{**truth.flood, "rain_grid": packed})
    came = _see_points(simulate_flood(true_case))[0]
    came = came.reshape(len(came), 4, len(places)).mean(axis=1)
    onset = np.array(
        [float(find_onsets(came[:, at], time, depth)) for at in range(len(places)) for depth in THRESHOLDS]
    )
    begun = np.array([came[0, at] >= depth for at in range(len(places)) for depth in THRESHOLDS])
    issued = time[0]
    return {
        "probability": found.probability.tolist(), "control": control.probability.tolist(),
        "happened": (~np.isnan(onset)).tolist(), "counts": (~begun).tolist(),
        "onset_min": ((found.onset_s[:, 1] - issued) / 60.0).tolist(), "came_min": ((onset - issued) / 60.0).tolist(),
    }  # fmt: skip


def score_storms(storms: list[dict[str, Any]], *, seed: int = 1, n_draws: int = 1000) -> dict[str, Any]:
    """Scores over all storms, each with an interval of 90 % from drawing storms anew.

    ``brier_skill`` is against the frequency of all cases; ``brier_skill_places`` against that of each place and depth
    in these very storms, which nobody knows before them.

    Examples
    --------
    >>> sure = {"probability": [1.0, 0.0], "control": [0.0, 0.0], "happened": [True, False], "counts": [True, True],
    ...         "onset_min": [10.0, np.nan], "came_min": [12.0, np.nan]}
    >>> unsure = {**sure, "happened": [False, True], "probability": [0.0, 1.0], "came_min": [np.nan, 9.0],
    ...           "onset_min": [np.nan, 9.0]}
    >>> found = score_storms([sure, unsure], n_draws=20)
    >>> found["brier_skill"]["value"], found["pod"]["value"], found["lead_min"]["value"]
    (1.0, 1.0, 10.5)
    """
    from ....kernels.hydro.verification.contingency import count_outcomes
    from ....kernels.hydro.verification.interval import estimate_interval
    from ....kernels.hydro.verification.probability import score_brier, score_brier_skill

    table = {name: np.array([storm[name] for storm in storms]) for name in storms[0]}

    def score(probability: Any, control: Any, happened: Any, counts: Any, onset: Any, came: Any) -> Any:
        frequency = (happened & counts).sum(axis=0) / np.maximum(counts.sum(axis=0), 1)  # of each place and depth
        skill = [float(score_brier_skill(said, happened, valid=counts)) for said in (probability, control)]
        of_places = np.broadcast_to(frequency, happened.shape)
        strict = float(score_brier_skill(probability, happened, climatology=of_places, valid=counts))
        outcome = count_outcomes(probability >= 0.5, happened, valid=counts)
        hit = (probability >= 0.5) & happened & counts
        error, lead = (np.median(values[hit]) if hit.any() else np.nan for values in (np.abs(onset - came), came))
        return np.array([
            *skill, skill[0] - skill[1], strict, float(score_brier(probability, happened, valid=counts)),
            float(outcome.pod), float(outcome.far), float(outcome.csi), error, lead,
        ])  # fmt: skip

    names = (
        "brier_skill", "brier_skill_control", "brier_skill_gain", "brier_skill_places", "brier", "pod", "far", "csi",
        "onset_error_min", "lead_min",
    )  # fmt: skip
    found = estimate_interval(score, *table.values(), seed=seed, n_draws=n_draws)
    shown = {
        name: {"value": round(float(value), 4), "low": round(float(low), 4), "high": round(float(high), 4)}
        for name, value, low, high in zip(names, found.value, found.low, found.high, strict=True)
    }
    counts = table["counts"]
    return {
        "storms": len(storms), "cases": int(counts.sum()), "happened": int((table["happened"] & counts).sum()), **shown,
    }  # fmt: skip


@click.command()
@click.option("--storms", default=50, show_default=True, help="Storms that are warned of, seeds 1, 2, ...")
@click.option("--cell-m", default=20.0, show_default=True, help="Of the forecasts; the truth has half of it.")
@click.option("--members", default=20, show_default=True)
@click.option(
    "--keep", type=click.Path(path_type=Path), help="File of the storms done so far, which are not done again."
)
def main(storms: int, cell_m: float, members: int, keep: Path | None) -> None:
    """Print one JSON line of scores; about 15 s a storm."""
    done: dict[str, Any] = json.loads(keep.read_text()) if keep is not None and keep.exists() else {}
    warned: list[dict[str, Any]] = []
    for seed in itertools.count(1):
        if str(seed) not in done:
            done[str(seed)] = warn_storm(seed, cell_m=cell_m, members=members)
            if keep is not None:
                keep.write_text(json.dumps(done))
        if done[str(seed)] is not None:
            warned.append(done[str(seed)])
            click.echo(f"storm {len(warned)} of {storms} (seed {seed})", err=True)
        if len(warned) == storms:
            break
    print_answer({"seeds": seed, **score_storms(warned)})


if __name__ == "__main__":
    main()
