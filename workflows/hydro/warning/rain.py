"""Rain as it was known when a flood warning is issued: radar frames, those before, and what fell since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ....datasets.errors import InputError
from ....kernels.space.grid import Grid
from ..inputs.rain_frames import cut_over, open_frames, refuse_unseen, share_unseen, weigh_cells

if TYPE_CHECKING:
    from ....datasets.hydro.rain.field import RainField
    from ....datasets.maps.layers import TerrainLayer
    from .settings import FloodWarningSettings

__all__ = ["FRAMES", "STORM_REGION_M", "KnownRain", "open_rain_field", "split_rain", "watch_storms"]

FRAMES = 3  # that motion and the ensemble's memory are estimated from
STORM_STEP_S = 300
STORM_CELL_M = 1000.0
STORM_REGION_M = 15_000.0  # around the ground, over which synthetic rain cells pass when they are strongest
STORM_MARGIN_M = 40_000.0  # around the ground, that is watched: a cell at 8 m/s takes an hour and a half from there
FASTEST_M_S = 25.0  # that rain is carried
NEAREST_M, FARTHEST_M = 100_000.0, 300_000.0
AHEAD_S = 1800  # synthetic storms are warned of this long before it rains hardest on the ground


@dataclass(frozen=True)
class KnownRain:
    """Rain [mm h-1] around the moment at which a warning is issued; ``before`` and ``after`` lie over the ground only.

    Attributes
    ----------
    radar
        (frame, y, x) the last frames known, on the whole field.
    before
        (frame, y, x) those known, over which the ground becomes wet.
    after
        (step, y, x) what fell then; empty where that is not known.
    grid
        Cells of ``before`` and ``after``.
    rows, columns
        Rows and columns of ``grid`` in the field.
    """

    radar: npt.NDArray[np.float32]
    before: npt.NDArray[np.float32]
    after: npt.NDArray[np.float32]
    grid: Grid
    rows: tuple[int, int]
    columns: tuple[int, int]
    issued_s: int
    step_s: int
    missing: float  # share of the rain over the ground, until then and since, that is not known and taken as none
    unseen: float  # share of what was to be known when the warning is issued
    weight: npt.NDArray[np.float64]  # (y, x) share of the ground under each cell

    @property
    def wet_s(self) -> float:
        """How long known rain wets the ground before the warning is issued."""
        return float(len(self.before) * self.step_s)

    @property
    def start_utc_s(self) -> int:
        """When the simulation starts."""
        return self.issued_s - int(self.wet_s)


def open_rain_field(settings: FloodWarningSettings, layer: TerrainLayer) -> RainField:
    """Open frames of rain, or make storms that pass over the ground, as a radar would see them.

    Raises
    ------
    InputError
        If the frames do not lie over the ground.
    """
    from ....datasets.hydro.rain.field import RainField

    if settings.rain is None:
        # Rain may also come from beyond what the synthetic radar sees.
        given = [name for name in settings.list_frame_settings() if name != "rain_unseen_limit"]
        if "place_rain_at" in given:
            raise InputError(
                "place_rain_at applies only to frames, but rain was not given", way_out="omit it, or give rain="
            )
        if given:
            raise InputError(
                f"{given[0]} applies only to frames, but rain was not given", way_out="omit it, or give rain="
            )
        return RainField(**watch_storms(settings.storm_seed, layer.grid), crs=layer.crs)
    if settings.is_given("storm_seed"):
        raise InputError("storm_seed applies only to synthetic storms, but rain has frames", way_out="omit it")
    # So far away rain may be that comes in the time looked ahead, and no nearer than motion and noise are drawn from.
    reach_m = float(np.clip(60.0 * settings.lead_minutes * FASTEST_M_S, NEAREST_M, FARTHEST_M))
    return open_frames(settings.rain, layer, settings, reach_m=reach_m)


def watch_storms(seed: int, ground: Grid) -> dict[str, Any]:
    """Frames of synthetic storms over the ground and far around it, the rate of each step taken at its middle."""
    from ....datasets.synthetic.hydro.storms import compute_rain_rate, make_storms

    region = STORM_REGION_M
    storms = make_storms(
        seed, (ground.west - region, ground.south - region, ground.east + region, ground.north + region)
    )
    margin = STORM_MARGIN_M
    over = Grid.cover(
        ground.west - margin, ground.south - margin, ground.east + margin, ground.north + margin, cell_m=STORM_CELL_M
    )
    first = int(storms.start.min()) // STORM_STEP_S * STORM_STEP_S
    last = int((storms.start + storms.duration_s).max()) // STORM_STEP_S * STORM_STEP_S + STORM_STEP_S
    time = np.arange(first, last, STORM_STEP_S, dtype=np.int64) + STORM_STEP_S
    middle = time - STORM_STEP_S // 2
    rate = np.stack([compute_rain_rate(storms, when, over.x[None, :], over.y[:, None]) for when in middle])
    return {
        "grid": over, "time": time, "step_s": STORM_STEP_S, "rate": rate.astype(np.float32),
        "notes": ("Synthetic storms, as a radar of 1 km and 5 min would see them.",), "sources": (),
    }  # fmt: skip


def split_rain(
    field: RainField,
    ground: Grid,
    *,
    issued_at: str | None,
    spin_up_s: float,
    lead_s: float,
    unseen_limit: float = 0.5,
    valid: npt.NDArray[np.bool_] | None = None,
) -> KnownRain:
    """Divide the rain at the time of issue; what is not seen over ``valid`` cells of the ground counts.

    The default is the last frame; for synthetic storms, half an hour before it rains hardest on the ground.

    Raises
    ------
    InputError
        If no frame ends at the time, too few lie before it, or too much of the rain over the ground is not known.
    """
    rows, columns, grid = cut_over(field.grid, ground)
    over = field.rate[:, rows[0] : rows[1], columns[0] : columns[1]]
    n_steps = max(1, int(np.ceil(lead_s / field.step_s - 1e-9)))
    if len(field.time) < FRAMES:
        raise InputError(f"rain must have at least {FRAMES} frames, got {len(field.time)}", way_out="give more frames")
    last = _choose_issue(field, over, issued_at, n_steps)
    if last < FRAMES - 1:
        raise InputError(
            f"motion needs {FRAMES} frames, got {last + 1} up to {_show(field.time[last])}",
            way_out=f"issue the warning at {_show(field.time[FRAMES - 1])} or later",
        )
    _refuse_blank(field, last)
    n_before = min(last + 1, int(np.ceil(spin_up_s / field.step_s - 1e-9)))
    before, after = over[last + 1 - n_before : last + 1], over[last + 1 : last + 1 + n_steps]
    file = None if not field.sources else field.sources[0] if len(field.sources) == 1 else field.sources[0].parent
    weight = weigh_cells(grid, ground, valid)
    last_seen = share_unseen(over[last : last + 1], weight)
    refuse_unseen(last_seen, unseen_limit, file=file, when=f" in the frame that ends at {_show(field.time[last])}")
    unseen = share_unseen(before, weight) if len(before) else last_seen
    refuse_unseen(unseen, unseen_limit, file=file, when=f" in the {len(before)} frames before the warning")
    if len(after) < n_steps or share_unseen(after, weight) > unseen_limit:
        after = after[:0]  # a part of the time, or of the ground, cannot verify warnings for all of it
    known = np.concatenate([before, after]) if len(before) + len(after) else over[last : last + 1]
    return KnownRain(
        field.rate[last + 1 - FRAMES : last + 1], np.nan_to_num(before), np.nan_to_num(after), grid, rows, columns,
        int(field.time[last]), int(field.step_s), share_unseen(known, weight), unseen, weight,
    )  # fmt: skip


def _refuse_blank(field: RainField, last: int) -> None:
    """Raise InputError if one of the frames that tell motion holds nothing."""
    is_seen = np.asarray(np.isfinite(field.rate).any(axis=(1, 2)))
    blank = last + 1 - FRAMES + np.flatnonzero(~is_seen[last + 1 - FRAMES : last + 1])
    if blank.size:
        whole = [at for at in range(FRAMES - 1, last) if is_seen[at + 1 - FRAMES : at + 1].all()]
        raise InputError(
            f"the frame of rain that ends at {_show(field.time[blank[-1]])} holds no value, and motion needs the "
            f"last {FRAMES} frames",
            file=field.sources[0] if field.sources else None,
            way_out=f"issue the warning earlier: --set issued_at={_show(field.time[whole[-1]])}"
            if whole
            else f"give {FRAMES} frames in a row that hold values",
        )


def _choose_issue(field: RainField, over: npt.NDArray[np.float32], issued_at: str | None, n_steps: int) -> int:
    from ....datasets.text.times import read_times

    if issued_at is not None:
        wanted = int(read_times([issued_at], time_zone="UTC")[0])
        found = np.flatnonzero(field.time == wanted)
        if not found.size:
            raise InputError(
                f"issued_at must be the end of a frame of rain, got {issued_at}",
                way_out=f"choose one of those from {_show(field.time[0])} to {_show(field.time[-1])}, every "
                f"{field.step_s / 60:g} min",
            )
        return int(found[0])
    if field.sources:
        return len(field.time) - 1
    hardest = int(np.argmax(np.nan_to_num(over).mean(axis=(1, 2))))
    latest = max(FRAMES - 1, len(field.time) - 1 - n_steps)  # what falls later verifies, where it lasts as long
    return int(np.clip(hardest - AHEAD_S // field.step_s, FRAMES - 1, latest))


def _show(utc_s: Any) -> str:
    from ....datasets.text.times import show_time

    return show_time(int(utc_s), "UTC")
