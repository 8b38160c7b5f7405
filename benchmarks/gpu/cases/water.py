"""Water on the device: local inertia and shallow water, alone and with all that a run asks for."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ....kernels.device_arrays import place
from ....kernels.hydro.surface_water.water import PLACED, Forcing, Water
from ...cases.hydro_device import make_water
from .case import Answers, Case, Size, Work

__all__ = ["WATER", "place_members"]

SHARED = 2  # fields that all members read: ground and roughness
OWN = 6  # fields of each member: depth and two flows, read and written
MAPS = 8  # greatest depth and discharge, arrival and duration, read and written where all is flooded
RAIN_M_S = 1e-5  # 36 mm/h


@lru_cache(maxsize=1)
def _make_one(n: int, scheme: str, dtype: str, maps: bool) -> tuple[Any, Any, Any]:
    return make_water(n, scheme=scheme, dtype=dtype, maps=maps)


def place_members(one: Water, n_members: int) -> Water:
    """Many members alike in the device's memory, from one on the host: a host array of all would take seconds."""
    import numba.cuda

    fields: dict[str, Any] = {name: place(getattr(one, name)) for name in PLACED if not getattr(one, name).size}
    for name in set(PLACED) - set(fields):
        host = getattr(one, name)  # (..., 1, y, x)
        there = numba.cuda.device_array((*host.shape[:-3], n_members, *host.shape[-2:]), host.dtype)
        for leading in np.ndindex(*host.shape[:-3], n_members):
            there[leading].copy_to_device(np.ascontiguousarray(host[(*leading[:-1], 0)]))
        fields[name] = there
    return replace(one, **fields, gained=np.repeat(one.gained, n_members, axis=0))


def _build(size: Size, *, scheme: str, fed: bool) -> Work:
    advance, one, surface = _make_one(size.n, scheme, size.dtype, fed)
    forcing = Forcing(rain=np.where(surface.is_wall, 0.0, RAIN_M_S)[None].astype(size.dtype)) if fed else None
    water_there, surface_there = place_members(one, size.members), surface.on_device()

    def tell(after: Any) -> Answers:
        names = ("depth", "flow_x", "flow_y", *(("maps",) if fed else ()))
        return {name: getattr(after, name) for name in names}

    def answer(steps: int) -> Answers:
        _, water, _ = make_water(size.n, scheme=scheme, dtype=size.dtype, members=size.members, maps=fed)
        return tell(advance(water, surface, forcing, n_steps=steps, engine=size.host)[0])

    fields = size.members * (OWN + (MAPS if fed else 0)) + SHARED + fed
    return Work(
        go=lambda steps: tell(advance(water_there, surface_there, forcing, n_steps=steps)[0]),
        answer=answer,
        updates=size.members * size.n**2,
        n_bytes=fields * size.n**2 * np.dtype(size.dtype).itemsize,
    )


def _case(kernel: str, name: str, **asked: Any) -> Case:
    return Case(kernel, partial(_build, **asked), name=name, members=(1, 8), steps=64, compared_steps=8)


WATER = (
    _case("hydro.advance_inertia", "", scheme="inertia", fed=False),
    _case("hydro.advance_inertia", "maps and rain", scheme="inertia", fed=True),
    _case("hydro.advance_shallow_water", "first order", scheme="first", fed=False),
    _case("hydro.advance_shallow_water", "second order", scheme="second", fed=False),
)
