from __future__ import annotations

import pickle
from array import array
from typing import Any

import cloudpickle
import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.hpc.lifting.lift import lift
from citytide.kernels.contracts import Array, Contract
from citytide.kernels.hydro.infiltration import compute_infiltration, compute_runoff
from citytide.kernels.hydro.rain.precipitation import compute_reflectivity, estimate_rain
from citytide.kernels.hydro.verification.contingency import count_outcomes
from citytide.kernels.hydro.verification.crps import score_crps
from citytide.kernels.hydro.verification.probability import score_brier
from citytide.kernels.space.regridding import regrid
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
    with pytest.raises(TypeError, match="len has no contract"):
        lift(len)


def test_labelled_beside_unlabelled_is_refused() -> None:
    with pytest.raises(ValueError, match="a DataArray as rain_mm beside a ndarray as curve_number: label both"):
        lift(compute_runoff)(xr.DataArray([1.0, 2.0], dims="cell"), np.array([80.0, 90.0]))
    with pytest.raises(ValueError, match=r"over dims \(member, ...\), got a number as ensemble: give a DataArray"):
        lift(score_crps)(1.0, xr.DataArray([1.0, 2.0], dims="cell"))


CHANCE = xr.DataArray([[0.1, 0.1, 0.5], [0.5, 0.1, 0.5]], dims=("storm", "place"))
CAME = xr.DataArray([[True, True, True], [True, True, True]], dims=("storm", "place"))


def test_mean_over_all_is_never_taken_block_by_block() -> None:
    chance, came = np.array([0.1, 0.1, 0.5, 0.5]), np.ones(4, np.bool_)
    assert score_brier(chance, came) == pytest.approx(0.53)
    whole = lift(score_brier)(xr.DataArray(chance, dims="case"), xr.DataArray(came, dims="case"))
    assert float(whole) == score_brier(chance, came)
    for kernel in (score_brier, count_outcomes):
        with pytest.raises(TypeError, match="needs its arguments whole"):
            lift(kernel)(da.from_array(chance, chunks=2), da.from_array(came, chunks=2))


@pytest.mark.parametrize("axis", ["storm", ("place",), ("place", "storm")])
def test_axis_names_dims_of_labelled_arrays(axis: str | tuple[str, ...]) -> None:
    places = tuple(CHANCE.dims.index(name) for name in ((axis,) if isinstance(axis, str) else axis))
    score = lift(score_brier)(CHANCE, CAME.transpose(), axis=axis)
    np.testing.assert_array_equal(score, score_brier(CHANCE.values, CAME.values, axis=places))
    assert score.dims == tuple(dim for dim in CHANCE.dims if dim not in axis and dim != axis)
    counts = lift(count_outcomes)(CHANCE > 0.3, CAME, axis=axis)
    np.testing.assert_array_equal(counts.hits, count_outcomes(CHANCE.values > 0.3, CAME.values, axis=places).hits)


def test_axis_as_a_position_is_refused_for_labelled_arrays() -> None:
    with pytest.raises(ValueError, match=r"axis must name some of \(storm, place\), got 0: give names, or omit it"):
        lift(score_brier)(CHANCE, CAME, axis=0)


def test_shuffled_coordinates_are_refused() -> None:
    rain = xr.DataArray([10.0, 50.0], {"cell": ["a", "b"]}, "cell")
    number = xr.DataArray([90.0, 60.0], {"cell": ["b", "a"]}, "cell")
    with pytest.raises(ValueError, match=r"'cell' differs between rain_mm and curve_number .*: align or reindex"):
        lift(compute_runoff)(rain, number)
    runoff = lift(compute_runoff)(rain, number.reindex_like(rain))
    np.testing.assert_array_equal(runoff, compute_runoff([10.0, 50.0], [60.0, 90.0]))
    stations = [rain.drop_vars("cell").assign_coords(station=("cell", ids)) for ids in (["a", "b"], ["b", "a"])]
    with pytest.raises(ValueError, match="'station' differs between rain_mm and curve_number"):
        lift(compute_runoff)(*stations)


def test_result_has_the_units_of_the_contract_and_drops_what_no_longer_holds() -> None:
    seen = xr.DataArray([23.0, 39.0], {"x": [1, 2], "time": 7}, "x", "dbz", {"units": "dBZ", "valid_max": 70.0})
    rain = lift(estimate_rain)(seen)
    assert (rain.name, rain.attrs) == ("rain", {"units": "mm h-1", "long_name": "rain rate"})
    assert rain["time"] == 7
    back = lift(compute_reflectivity)(rain.assign_attrs(units="mm/h"))  # the same unit in another spelling
    assert (back.name, back.attrs["units"]) == ("reflectivity", "dBZ")
    with pytest.raises(ValueError, match="takes rain in 'mm h-1', got units 'm s-1': convert the values, or fix"):
        lift(compute_reflectivity)(rain.assign_attrs(units="m s-1"))


def test_arrays_as_keywords_and_numbers_beside_them() -> None:
    soil = {"conductivity_m_s": xr.DataArray([1e-6, 1e-5], dims="soil"), "suction_m": 0.167, "deficit": np.float32(0.5)}
    sunk = xr.DataArray([0.0, 0.1, 0.2], dims="x")
    found = lift(compute_infiltration)(sunk=sunk, time_step_s=60.0, **soil)
    expected = compute_infiltration(
        sunk.values[:, None], time_step_s=60.0, **soil | {"conductivity_m_s": np.array([1e-6, 1e-5])}
    )
    assert (found.dims, found.name, found.attrs["units"]) == (("x", "soil"), "infiltration", "m")
    np.testing.assert_array_equal(found, expected)
    lazy = lift(compute_infiltration)(
        da.zeros((4, 1), chunks=1),
        conductivity_m_s=da.full(3, 1e-5, chunks=2),
        suction_m=0.1,
        deficit=0.2,
        time_step_s=9.0,
    )
    assert lazy.shape == (4, 3) and lazy.compute().shape == (4, 3)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_dtype_and_bits_hang_on_no_chunk(dtype: str, engine: str) -> None:
    random = np.random.default_rng(3)
    members, fell = (random.gamma(0.5, 30.0, shape).astype(dtype) for shape in ((9, 4, 5), (4, 5)))
    expected = score_crps(members, fell, engine=engine)
    lazy = lift(score_crps)(da.from_array(members, chunks=(2, 1, 1)), fell, engine=engine)
    assert lazy.dtype == expected.dtype == lift(estimate_rain)(da.from_array(fell, chunks=1)).dtype
    np.testing.assert_array_equal(lazy.compute(), expected)


def test_a_dim_that_is_needed_whole_becomes_one_chunk_and_others_stay_cut() -> None:
    lazy = lift(score_crps)(da.ones((8, 6), chunks=(2, 3)), np.zeros(6))
    assert lazy.numblocks[0] > 1
    elsewhere = pickle.loads(cloudpickle.dumps(lazy))  # as a worker gets it
    np.testing.assert_array_equal(elsewhere.compute(scheduler="synchronous"), np.ones(6))


def test_what_stands_for_no_array_is_refused_in_one_sentence() -> None:
    rain = xr.DataArray([1.0], dims="x")
    for wrong, said in (
        (rain.to_dataset(name="rain"), "takes arrays and DataArrays, got a Dataset as rain: give a DataArray"),
        (rain.variable, "takes arrays and DataArrays, got a Variable as rain"),
    ):
        with pytest.raises(TypeError, match=said):
            lift(compute_reflectivity)(wrong)
    with pytest.raises(TypeError, match="takes dry_dbz without chunks or labels, got a Dask array: give NumPy values"):
        lift(compute_reflectivity)(rain, dry_dbz=da.zeros(()))
    with pytest.raises(
        TypeError,
        match="compute_reflectivity cannot be called with these arguments: got an unexp",
    ):
        lift(compute_reflectivity)(rain, rian=rain)


def test_shapes_that_do_not_broadcast_are_refused_before_anything_runs() -> None:
    with pytest.raises(ValueError, match=r"compute_runoff broadcasts .*: rain_mm \(4,\), curve_number \(3,\)"):
        lift(compute_runoff)(da.zeros(4, chunks=1), np.full(3, 80.0))
    with pytest.raises(ValueError, match=r"works over dims \(..., y, x\), got 1 of them as field"):
        lift(regrid)(da.zeros(4), source=None, target=None)


def test_coordinates_that_are_no_index_are_compared_in_any_order_of_dims() -> None:
    lat = np.arange(6.0).reshape(2, 3)
    rain = xr.DataArray(np.full((2, 3), 50.0), {"lat": (("y", "x"), lat)}, ("y", "x"))
    number = xr.DataArray(np.arange(60.0, 66.0).reshape(2, 3), {"lat": (("y", "x"), lat[::-1])}, ("y", "x"))
    for other in (number, number.transpose()):
        with pytest.raises(ValueError, match="'lat' differs between rain_mm and curve_number"):
            lift(compute_runoff)(rain, other)


def test_coordinates_of_later_arguments_are_compared_with_each_other() -> None:
    column = {"conductivity_m_s": ["a", "b"], "suction_m": ["b", "a"]}
    soil = {name: xr.DataArray([1e-6, 2e-6], {"st": ("y", labels)}, "y") for name, labels in column.items()}
    with pytest.raises(ValueError, match="'st' differs between conductivity_m_s and suction_m"):
        lift(compute_infiltration)(
            xr.DataArray([0.0, 0.0], {"st": ("x", [1, 2])}, "x"), **soil, deficit=0.3, time_step_s=60.0
        )


@pytest.mark.parametrize("bare", [range(60, 90, 10), array("d", [60, 70, 90]), [60, 70, 90], np.array([60, 70, 90])])
def test_any_bare_array_beside_labels_is_refused(bare: Any) -> None:
    with pytest.raises(ValueError, match="label both or neither"):
        lift(compute_runoff)(xr.DataArray([10.0, 50.0, 80.0], {"x": ["a", "b", "c"]}, "x"), bare)


def test_list_of_labelled_arrays_is_refused() -> None:
    member = xr.DataArray([1.0, 2.0], {"x": ["a", "b"]}, "x")
    with pytest.raises(TypeError, match="score_crps takes ensemble without chunks or labels, got a DataArray"):
        lift(score_crps)([member, member[::-1]], np.zeros(2))


def test_bits_do_not_depend_on_how_an_array_lies_in_memory() -> None:
    rain = np.random.default_rng(0).uniform(0.01, 90.0, (64, 101)).astype("f4")
    for kernel in (compute_reflectivity, estimate_rain):
        chunked = lift(kernel)(da.from_array(rain, chunks=(16, 25))[::-1]).compute()
        np.testing.assert_array_equal(chunked, kernel(rain[::-1]))
        np.testing.assert_array_equal(kernel(rain[:, 0][::-1]), kernel(rain[:, 0][::-1].copy()))


def test_cells_valuesby_edges_know_their_labels() -> None:
    edges = np.array([0.0, 10.0, 30.0]), np.array([0.0, 10.0, 20.0, 40.0])
    field = xr.DataArray(np.arange(6.0).reshape(2, 3), {"y": [5.0, 20.0], "x": [5.0, 15.0, 30.0]}, ("y", "x"))
    whole = np.array([0.0, 30.0]), np.array([0.0, 40.0])
    assert lift(regrid)(field, edges, whole).shape == (1, 1)
    with pytest.raises(ValueError, match="labels along 'y' are not their centres"):
        lift(regrid)(field[::-1], edges, whole)


def test_arrays_in_cupys_memory_stay_there_bare_labelled_and_in_chunks(cupy: Any) -> None:
    field, chance = np.random.default_rng(1).random((2, 3, 4))
    held, expected = cupy.asarray(60.0 * field), estimate_rain(60.0 * field)
    labelled = xr.DataArray(held, dims=("y", "x"), attrs={"units": "dBZ"})
    for found in (lift(estimate_rain)(held), lift(estimate_rain)(labelled).data):
        assert isinstance(found, cupy.ndarray)
        np.testing.assert_array_equal(found.get(), expected)
    chunked = lift(estimate_rain)(da.from_array(held, chunks=(2, 3), asarray=False))
    assert isinstance(chunked.blocks[0, 0].compute(scheduler="synchronous"), cupy.ndarray)
    said, came = (
        xr.DataArray(cupy.asarray(values), dims=("y", "x"), attrs={"units": "1"}) for values in (chance, field < 0.5)
    )
    score = lift(score_brier)(said, came, axis="y")
    assert isinstance(score.data, cupy.ndarray)
    np.testing.assert_array_equal(score.data.get(), score_brier(chance, field < 0.5, axis=0))
