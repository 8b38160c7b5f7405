"""The block functions of a flood warning: motion, then rain of each member, then its water."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....datasets.errors import InputError
from ....hpc.execution.parts import Parts
from ....kernels.hydro.rain.advection import extrapolate_rain
from ....kernels.hydro.rain.motion import estimate_motion
from ....kernels.hydro.rain.nowcast import nowcast_ensemble
from ..inundation.steps import simulate_members

__all__ = ["CONTROL", "OBSERVED", "find_motion", "flood_members", "forecast_members"]

Arrays = dict[str, NDArray[Any]]
CONTROL, OBSERVED = 0, -1  # beside members 1, 2, ...


def find_motion(arrays: Arrays) -> Arrays:
    """Estimate how the rain of ``radar (frame, y, x)`` moves: ``motion (2, y, x)``, in cells a step."""
    radar = arrays["radar"]
    if not (np.nan_to_num(radar) > 0.0).any():
        return {"motion": np.zeros((2, *radar.shape[1:]))}  # where it is dry nothing can be seen to move
    return {"motion": np.asarray(estimate_motion(radar))}


def forecast_members(arrays: Arrays, **asked: Any) -> dict[str, Any]:
    """Forecast the rain of the members of a block.

    Parameters
    ----------
    arrays
        ``radar (frame, y, x)``, ``motion``, ``rain_after (step, y, x)`` where it is known, ``rain_weight (y, x)``, the
        ground's share under each cell, and of this block ``number (member,)``: 0 for the control, which is only carried
        along; -1 for what was observed.
    asked
        ``rows, columns`` to keep, ``n_steps, seed``, of the frames ``cell_m, step_s``, and ``unseen_limit``.

    Returns
    -------
    dict
        ``forecast_rain (member, step, y, x)`` [mm h-1], and of each member the share that came from beyond the radar's
        sight, taken as dry.

    Raises
    ------
    InputError
        If more than the limit of the control's rain came from there: then nothing is forecast.
    """
    radar, motion = arrays["radar"], arrays["motion"]
    rows, columns = slice(*asked["rows"]), slice(*asked["columns"])
    found = []
    for number in arrays["number"].tolist():
        if number == OBSERVED:
            found.append(arrays["rain_after"])
        elif number == CONTROL:
            carried = extrapolate_rain(radar[-1], motion, n_steps=asked["n_steps"])[:, rows, columns]
            _refuse_blind(carried, arrays["rain_weight"], asked["unseen_limit"], asked["step_s"])
            found.append(carried)
        else:
            member = nowcast_ensemble(
                radar,
                motion,
                n_steps=asked["n_steps"],
                members=[number - 1],
                seed=asked["seed"],
                cell_length_m=asked["cell_m"],
                time_step_s=asked["step_s"],
            )
            found.append(member[0, :, rows, columns])
    rain = np.stack(found)
    unseen = np.isnan(rain)
    return {
        "forecast_rain": np.where(unseen, 0.0, rain).astype(np.float32),
        "unseen": (unseen.mean(axis=1) * arrays["rain_weight"]).sum(axis=(1, 2)),
    }


def _refuse_blind(carried: NDArray[Any], weight: NDArray[np.float64], limit: float, step_s: float) -> None:
    unseen = (np.isnan(carried) * weight).sum(axis=(1, 2))
    share = float(unseen.mean())
    if share > limit:
        n_seen = int((np.cumsum(unseen) / np.arange(1, len(unseen) + 1) <= limit).sum())
        raise InputError(
            f"{100 * share:.3g} % of the rain to come would arrive from where the frames do not see, and "
            f"rain_unseen_limit is {limit:g}",
            way_out="give frames that reach farther"
            + (f", or look ahead no more than {n_seen * step_s / 60:g} min (lead_minutes)" if n_seen else ""),
        )


def flood_members(arrays: Arrays, **asked: Any) -> Parts:
    """Let the rain known before, the same for all, and that of each member fall on the ground."""
    ahead = arrays["forecast_rain"]
    before = np.broadcast_to(arrays["rain_before"], (len(ahead), *arrays["rain_before"].shape))
    return (yield from simulate_members({**arrays, "rain": np.concatenate([before, ahead], axis=1)}, **asked))
