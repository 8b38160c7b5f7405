from __future__ import annotations

from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.hpc.lift import lift
from citytide.kernels.contracts import Array, Contract
from citytide.kernels.hydro.infiltration import compute_runoff
from citytide.kernels.traffic.godunov import advance_density

ROAD: dict[str, Any] = {
    "time_step_s": 1.0,
    "cell_length_m": 50.0,
    "free_speed_m_s": 25.0,
    "jam_density_veh_m": 0.12,
}
DENSITY = np.random.default_rng(0).uniform(0.0, 0.12, (6, 22))
DIRECT = advance_density(DENSITY, **ROAD)


@st.composite
def cuts(draw: st.DrawFn, size: int) -> tuple[int, ...]:
    places = sorted(draw(st.sets(st.integers(1, size - 1))))
    return tuple(np.diff([0, *places, size]).tolist())


@settings(max_examples=40)
@given(links=cuts(6), cells=cuts(22))
def test_any_chunking_gives_the_bits_of_the_direct_call(links: tuple[int, ...], cells: tuple[int, ...]) -> None:
    chunked = lift(advance_density)(da.from_array(DENSITY, chunks=(links, cells)), **ROAD)
    assert chunked.shape == DIRECT.shape
    with dask.config.set(scheduler="synchronous"):
        for place in np.ndindex(chunked.numblocks):  # the sizes announced are the sizes that come
            assert chunked.blocks[place].shape == chunked.blocks[place].compute().shape
        np.testing.assert_array_equal(chunked.compute(), DIRECT)


def test_tasks_grow_with_the_blocks() -> None:
    def tasks(n_links: int) -> int:
        lifted = lift(advance_density)(da.zeros((n_links, 402), chunks=(10, 101)), **ROAD)
        return len(lifted.__dask_graph__())

    assert tasks(200) <= 2.05 * tasks(100)
    assert tasks(200) <= 12 * 20 * 4


def test_whole_arrays_pass_straight_through() -> None:
    np.testing.assert_array_equal(lift(advance_density)(DENSITY, **ROAD), DIRECT)


@pytest.mark.parametrize("chunks", [None, {"link": 2, "cell": 7}])
def test_labels_are_kept_and_the_halo_is_cut_off_the_coordinates(chunks: dict[str, int] | None) -> None:
    labelled = xr.DataArray(
        DENSITY,
        dims=("link", "cell"),
        coords={"link": np.arange(100, 106), "cell": np.arange(-1, 21)},
        attrs={"units": "veh m-1", "long_name": "vehicle density"},
        name="density",
    ).transpose("cell", "link")
    after = lift(advance_density)(labelled.chunk(chunks) if chunks else labelled, **ROAD)
    assert after.dims == ("link", "cell")
    assert after.name == "density"
    assert after.attrs == labelled.attrs
    np.testing.assert_array_equal(after["link"], np.arange(100, 106))
    np.testing.assert_array_equal(after["cell"], np.arange(20))
    np.testing.assert_array_equal(after.values, DIRECT)


def test_wrong_dims_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"advance_density works over dims \(link, cell\), got \(link, time\)"):
        lift(advance_density)(xr.DataArray(DENSITY, dims=("link", "time")), **ROAD)
    with pytest.raises(ValueError, match=r"works over dims \(link, cell\), got 1 of them"):
        lift(advance_density)(da.zeros(5), **ROAD)


def test_kernel_without_blocks_refuses_a_dask_array_in_one_sentence() -> None:
    def assign(demand: Any) -> Any:
        return demand

    demand = {"demand": Array(("pair",))}
    assign.contract = Contract(takes=demand, gives=demand, engines=("python",))  # type: ignore[attr-defined]
    assert lift(assign)(3.0) == 3.0
    with pytest.raises(TypeError, match="assign needs its arguments whole and cannot take a Dask array as demand"):
        lift(assign)(da.zeros(3))


def test_function_without_contract_is_refused() -> None:
    with pytest.raises(TypeError, match="len carries no contract"):
        lift(len)


def test_labelled_beside_unlabelled_is_refused() -> None:
    with pytest.raises(ValueError, match="a DataArray as rain_mm beside a ndarray as curve_number: label both"):
        lift(compute_runoff)(xr.DataArray([1.0, 2.0], dims="cell"), np.array([80.0, 90.0]))
