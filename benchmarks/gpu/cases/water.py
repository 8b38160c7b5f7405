"""Water on the device: local inertia and shallow water, alone and with all that a run asks for."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import numpy as np

from ....kernels.hydro.surface_water.water import Forcing
from ...cases.hydro_device import make_water
from .case import Answers, Case, Size, Work

__all__ = ["WATER"]

SHARED = 2  # fields that all members read: ground and roughness
OWN = 6  # fields of each member: depth and two flows, read and written
MAPS = 8  # greatest depth and discharge, arrival and duration, read and written where all is flooded
RAIN_M_S = 1e-5  # 36 mm/h


@lru_cache(maxsize=1)
def _make_host(n: int, scheme: str, dtype: str, members: int, maps: bool) -> tuple[Any, Any, Any]:
    return make_water(n, scheme=scheme, dtype=dtype, members=members, maps=maps)


def _build(size: Size, *, scheme: str, fed: bool) -> Work:
    advance, water, surface = _make_host(size.n, scheme, size.dtype, size.members, fed)
    forcing = Forcing(rain=np.where(surface.is_wall, 0.0, RAIN_M_S)[None].astype(size.dtype)) if fed else None
    water_there, surface_there = water.on_device(), surface.on_device()

    def tell(after: Any) -> Answers:
        names = ("depth", "flow_x", "flow_y", *(("maps",) if fed else ()))
        return {name: getattr(after, name) for name in names}

    fields = size.members * (OWN + (MAPS if fed else 0)) + SHARED + fed
    return Work(
        go=lambda steps: tell(advance(water_there, surface_there, forcing, n_steps=steps)[0]),
        answer=lambda steps: tell(advance(water, surface, forcing, n_steps=steps, engine=size.host)[0]),
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
