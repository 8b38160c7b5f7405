"""What runs on workers for a flood warning: the motion of the rain, then rain and water of each member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ....datasets.errors import InputError
from ....hpc.execution.device_notes import note_device
from ....hpc.execution.parts import Parts
from ....kernels.device_arrays import fetch
from ....kernels.engines import is_usable
from ....kernels.gpu_check import require_gpu
from ....kernels.hydro.rain.advection import extrapolate_rain
from ....kernels.hydro.rain.motion import estimate_motion
from ....kernels.hydro.rain.nowcast import nowcast_ensemble
from ..simulation.case import FloodCase
from ..simulation.simulate import simulate_flood

__all__ = [
    "CONTROL", "OBSERVED", "ForecastRain", "RadarRain", "WarnedCase", "find_motion", "flood_members",
    "forecast_members",
]  # fmt: skip

Arrays = Mapping[str, NDArray[Any]]
CONTROL, OBSERVED = 0, -1  # beside members 1, 2, ...


@dataclass(frozen=True)
class RadarRain:
    """The last frames of rain known, (frame, y, x) [mm h-1]; NaN where nothing is seen."""

    radar: NDArray[Any]

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> RadarRain:
        """Read ``radar``."""
        return cls(arrays["radar"])


def find_motion(rain: RadarRain) -> dict[str, NDArray[Any]]:
    """Estimate how the rain moves: ``motion (2, y, x)``, in cells a step."""
    note_device("numba")
    if not (np.nan_to_num(rain.radar) > 0.0).any():
        return {"motion": np.zeros((2, *rain.radar.shape[1:]))}  # where it is dry nothing can be seen to move
    return {"motion": np.asarray(estimate_motion(rain.radar))}


@dataclass(frozen=True)
class ForecastRain:
    """What the members of a block forecast their rain from.

    Attributes
    ----------
    radar
        (frame, y, x) the last frames known [mm h-1].
    motion
        (2, y, x) in cells a step.
    rain_after
        (step, y, x) what fell then over the ground, where it is known [mm h-1].
    rain_weight
        (y, x) the ground's share under each cell.
    number
        (member,) of this block: 0 for the control, which is only carried along; -1 for what was observed.
    rows, columns
        Where the ground lies in the field.
    n_steps, step_s, cell_m
        How many steps ahead, their length [s], and the side of the cells [m].
    seed
        Seed of the ensemble.
    unseen_limit
        Share of the control's rain that may come from beyond the radar's sight.
    device
        ``"gpu"``: the forecast is made there by CuPy, and its rain over the ground comes back. Where only Numba can use
        the GPU, the forecast is made on the host.
    """

    radar: NDArray[Any]
    motion: NDArray[np.float64]
    rain_after: NDArray[Any]
    rain_weight: NDArray[np.float64]
    number: NDArray[np.int64]
    rows: slice
    columns: slice
    n_steps: int
    step_s: float
    cell_m: float
    seed: int
    unseen_limit: float
    device: str = "cpu"

    @classmethod
    def from_arrays(
        cls, arrays: Arrays, *, rows: Sequence[int], columns: Sequence[int], n_steps: int, step_s: float,
        cell_m: float, seed: int, unseen_limit: float, device: str = "cpu",
    ) -> ForecastRain:  # fmt: skip
        """Read the arrays by the names of the attributes."""
        return cls(
            arrays["radar"], arrays["motion"], arrays["rain_after"], arrays["rain_weight"], arrays["number"],
            slice(*rows), slice(*columns), n_steps, step_s, cell_m, seed, unseen_limit, device,
        )  # fmt: skip


def forecast_members(given: ForecastRain) -> dict[str, Any]:
    """Forecast the rain of the members of a block.

    Returns
    -------
    dict
        ``forecast_rain (member, step, y, x)`` [mm h-1], and ``unseen (member,)``, the share that came from beyond the
        radar's sight and is taken as dry.

    Raises
    ------
    InputError
        If more of the control's rain than the limit came from there: then nothing is forecast.
    EngineError
        If a GPU is asked for and this worker has none.
    """
    on_gpu = given.device == "gpu" and _has_cupy()
    note_device("cupy" if on_gpu else "numba")
    if on_gpu:
        import cupy

        given = replace(given, radar=cupy.asarray(given.radar), motion=cupy.asarray(given.motion))
    rain = np.stack([_forecast_member(given, number) for number in given.number.tolist()])
    if on_gpu:
        # CuPy keeps memory for its next arrays; the worker's next block may want it for water, which is Numba's
        cupy.get_default_memory_pool().free_all_blocks()
    unseen = np.isnan(rain)
    return {
        "forecast_rain": np.where(unseen, 0.0, rain).astype(np.float32),
        "unseen": (unseen.mean(axis=1) * given.rain_weight).sum(axis=(1, 2)),
    }


def _has_cupy() -> bool:
    """Whether CuPy can use the GPU that was asked for; else the host's engine forecasts, as in Numba's simulator."""
    if is_usable("cupy"):
        return True
    require_gpu("cuda")
    return False


def _forecast_member(given: ForecastRain, number: int) -> NDArray[Any]:
    """Rain (step, y, x) of one member over the ground [mm h-1]; NaN where it comes from beyond the radar's sight."""
    if number == OBSERVED:
        return given.rain_after
    if number == CONTROL:
        whole = extrapolate_rain(given.radar[-1], given.motion, n_steps=given.n_steps)
        carried: NDArray[Any] = fetch(whole[:, given.rows, given.columns])
        _refuse_blind(carried, given)
        return carried
    member = nowcast_ensemble(
        given.radar, given.motion, n_steps=given.n_steps, members=[number - 1], seed=given.seed,
        cell_length_m=given.cell_m, time_step_s=given.step_s,
    )  # fmt: skip
    over_ground: NDArray[Any] = fetch(member[0, :, given.rows, given.columns])
    return over_ground


def _refuse_blind(carried: NDArray[Any], given: ForecastRain) -> None:
    unseen = (np.isnan(carried) * given.rain_weight).sum(axis=(1, 2))
    share, limit = float(unseen.mean()), given.unseen_limit
    if share > limit:
        n_seen = int((np.cumsum(unseen) / np.arange(1, len(unseen) + 1) <= limit).sum())
        raise InputError(
            f"at most {limit:g} of the rain to come may arrive from where the frames do not see (rain_unseen_limit), "
            f"got {share:.3g}",
            way_out="give frames that reach farther"
            + (f", or look ahead at most {n_seen * given.step_s / 60:g} min (lead_minutes)" if n_seen else ""),
        )


class WarnedCase(FloodCase):
    """A case whose rain is that known before, the same for all members, and then the forecast of each."""

    @classmethod
    def from_arrays(cls, arrays: Arrays, **parameters: Any) -> Self:
        """Read ``rain_before (frame, y, x)`` and ``forecast_rain (member, step, y, x)`` as the case's rain."""
        ahead = arrays["forecast_rain"]
        before = np.broadcast_to(arrays["rain_before"], (len(ahead), *arrays["rain_before"].shape))
        rain = np.concatenate([before, ahead], axis=1)
        return super().from_arrays({**arrays, "rain": rain}, **parameters)


def flood_members(case: WarnedCase) -> Parts:
    """Simulate the water of the members of a block; see :func:`~..simulation.simulate.simulate_flood`."""
    return (yield from simulate_flood(case))
