from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from citytide.kernels.hydro.inertia.step import advance_inertia
from citytide.kernels.hydro.shallow_water.step import advance_shallow_water
from citytide.kernels.hydro.surface_water.maps import MAPS
from citytide.kernels.hydro.surface_water.surface import Surface
from citytide.kernels.hydro.surface_water.water import Forcing, Water

SURFACE = Surface.enclose(np.zeros((4, 5)), 0.03, cell_m=10.0)  # 6 x 7 with its ring
SCHEMES: list[tuple[Callable[..., Any], bool]] = [(advance_inertia, True), (advance_shallow_water, False)]


@pytest.mark.parametrize(("advance", "faces"), SCHEMES, ids=["inertia", "shallow water"])
@pytest.mark.parametrize(
    ("name", "shape"),
    [("flow_y", (3, 3, 6)), ("maps", (4, 3, 2, 2)), ("lost", (3, 2, 2)), ("maps", (4, 1, 6, 7)), ("lost", (1, 6, 7))],
)
def test_field_of_another_shape_is_named_before_a_step(
    advance: Callable[..., Any], faces: bool, name: str, shape: tuple[int, ...]
) -> None:
    water = Water.rest(SURFACE, 1.0, n_members=3, faces=faces)
    with pytest.raises(ValueError, match=rf"^{name} is float64 of shape \({shape[0]}, .*3 members on a surface"):
        advance(replace(water, **{name: np.zeros(shape)}), SURFACE, time_step_s=0.1)


@pytest.mark.parametrize(("advance", "faces"), SCHEMES, ids=["inertia", "shallow water"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rain": np.zeros((2, 6, 7))}, "rain of 2 members does not fit water of 3"),
        ({"loss": np.zeros((0, 6, 7))}, "loss of 0 members"),
        ({"source_cell": np.array([8, 8]), "source": np.ones((1, 2))}, "source_cell must name a cell only once"),
        ({"level_cell": np.array([8, 8]), "level": np.ones((1, 2))}, "level_cell must name a cell only once"),
        (
            {"source_cell": np.array([-14]), "source": np.ones((1, 1))},
            r"source_cell must be inside .*, got -14",
        ),
        (
            {"source_cell": np.array([8]), "source": np.ones((2, 1))},
            r"source must be \(member or 1, cell\) for 3",
        ),
        ({"source_cell": np.array([8])}, "source and source_cell must be given together"),
        (
            {"source_cell": np.array([8]), "source": -np.ones((1, 1))},
            "source must be >= 0, got -1: give",
        ),
    ],
)
def test_forcing_that_does_not_fit_is_named(
    advance: Callable[..., Any], faces: bool, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        advance(Water.rest(SURFACE, 1.0, n_members=3, faces=faces), SURFACE, Forcing(**given), time_step_s=0.1)


def test_other_misfits_are_named() -> None:
    water = Water.rest(SURFACE, 1.0)
    with pytest.raises(ValueError, match=r"manning is float64 of shape \(2, 2\)"):
        advance_inertia(water, replace(SURFACE, manning=np.zeros((2, 2))), time_step_s=0.1)
    with pytest.raises(ValueError, match=r"n_steps must be whole numbers, got 2.9"):
        advance_inertia(water, SURFACE, time_step_s=0.1, n_steps=2.9)
    with pytest.raises(ValueError, match="byte order"):
        advance_inertia(replace(water, depth=water.depth.astype(">f8")), SURFACE, time_step_s=0.1)
    with pytest.raises(ValueError, match="flow_x is float64 of shape"):
        advance_inertia(replace(water, flow_x=np.zeros((2, 6, 8))), SURFACE, time_step_s=0.1)


@pytest.mark.parametrize(("advance", "faces"), SCHEMES, ids=["inertia", "shallow water"])
def test_maps_know_what_sources_and_levels_brought(advance: Callable[..., Any], faces: bool) -> None:
    held = Forcing(
        source_cell=np.array([8]), source=np.array([[0.25]]), level_cell=np.array([33]), level=np.array([[2.0]])
    )
    after, _ = advance(Water.rest(SURFACE, faces=faces), SURFACE, held, time_step_s=0.5, n_steps=1, clock_s=3.0)
    deepest, _, arrival, duration, _ = after.maps.reshape(len(MAPS), -1)[:, [8, 33]]
    assert deepest.tolist() == [0.125, 2.0] and arrival.tolist() == [3.5, 3.5] and duration.tolist() == [0.5, 0.5]
    later, _ = advance(after, SURFACE, held, time_step_s=0.5, n_steps=9, clock_s=3.5)
    assert later.maps[0].reshape(-1)[8] == pytest.approx(later.depth.reshape(-1)[8], rel=1e-12)  # it only rises
    assert later.maps[3].reshape(-1)[33] == 5.0 and later.depth.reshape(-1)[33] == 2.0


def test_loss_takes_no_water_that_is_owed() -> None:
    water = Water.rest(SURFACE)
    water.depth[0, 2, 2] = -0.01
    loss = np.full((1, 6, 7), 1e-3)
    for engine in ("numba", "numpy", "python"):
        after, _ = advance_inertia(water, SURFACE, Forcing(loss=loss), time_step_s=0.1, engine=engine)
        assert after.lost.min() == 0.0
