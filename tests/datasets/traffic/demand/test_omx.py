from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.demand.files import DemandPart, read_demand_table, read_entries


def triples(file: Path, part: DemandPart | None = None) -> list[tuple[int, int, float]]:
    entries = read_entries(file, part)
    return sorted(zip(entries.origin.tolist(), entries.destination.tolist(), entries.volume.tolist(), strict=True))


@pytest.fixture
def omx(tmp_path: Path) -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "od.omx", "w") as file:
        file.attrs["OMX_VERSION"] = b"0.2"
        file["data/car"] = np.array([[0.0, 30.5], [7.0, 0.0]])
        file["lookup/taz"] = np.array([1, 2])
    return tmp_path / "od.omx"


def change(file: Path, name: str, values: object) -> None:
    import h5py

    with h5py.File(file, "a") as opened:
        if name in opened:
            del opened[name]
        if values is not None:
            opened[name] = values


def test_an_omx_file_is_read_by_matrix_and_mapping(omx: Path):
    assert triples(omx) == [(1, 2, 30.5), (2, 1, 7.0)] and read_demand_table(omx) is None
    assert read_entries(omx).notes == ("od.omx: matrix car by mapping taz is read; its rows are origins.",)
    change(omx, "data/truck", np.array([[0, 1], [2, 0]]))
    change(omx, "lookup/county", np.array([b"20", b"10"]))
    with pytest.raises(InputError, match=r"the file has several matrices: car, truck; choose one with demand_matrix="):
        read_entries(omx)
    with pytest.raises(
        InputError, match=r"the file has several mappings: county, taz; choose one with demand_mapping="
    ):
        read_entries(omx, DemandPart(matrix="truck"))
    assert triples(omx, DemandPart(matrix="truck", mapping="taz")) == [(1, 2, 1.0), (2, 1, 2.0)]
    assert triples(omx, DemandPart(matrix="truck", mapping="county")) == [(10, 20, 2.0), (20, 10, 1.0)]
    with pytest.raises(InputError, match=r"demand_matrix is 'bus'; the matrices are car, truck; choose one of them"):
        read_entries(omx, DemandPart(matrix="bus"))


def test_omx_rows_without_zones_are_asked_for(omx: Path):
    change(omx, "lookup/taz", None)
    with pytest.raises(InputError, match=r"does not say which zones its rows are; set demand_mapping=count"):
        read_entries(omx)
    assert triples(omx, DemandPart(mapping="count")) == [(1, 2, 30.5), (2, 1, 7.0)]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("data/car", np.array([[0, np.nan], [1, 0]]), r"matrix 'car' is nan from 1 to 2; give a finite number"),
        ("data/car", np.array([[0, -1], [1, 0]]), r"matrix 'car' is -1 from 1 to 2"),
        ("data/car", np.array([1.0, 2.0]), r"matrix 'car' has shape \(2,\)"),
        ("data/car", np.array([[b"a", b"b"], [b"c", b"d"]]), r"matrix 'car' must hold numbers"),
        ("data/car", np.array([[1j, 2], [3, 4]]), r"matrix 'car' must hold numbers"),
        ("lookup/taz", np.int64(1), r"mapping 'taz' has 1 different zones for 2 rows or columns"),
        ("data/car", None, r"the file has no matrix under data"),
        ("lookup/taz", np.array([1, 1]), r"mapping 'taz' has 1 different zones for 2 rows or columns"),
        ("lookup/taz", np.array([1.0, 1.7]), r"mapping 'taz' holds no whole numbers of zones"),
        ("lookup/taz", np.array([b"a", b"b"]), r"mapping 'taz' holds no whole numbers of zones"),
    ],
)
def test_a_bad_omx_file_is_refused(omx: Path, name: str, values: object, message: str):
    change(omx, name, values)
    with pytest.raises(InputError, match=message):
        read_entries(omx)


def test_the_unit_of_a_matrix_counts(omx: Path):
    import h5py

    for unit, factor in (("veh/15min", 4.0), (b"veh/h", 1.0)):
        with h5py.File(omx, "a") as opened:
            opened["data/car"].attrs["units"] = unit
        assert triples(omx) == [(1, 2, 30.5 * factor), (2, 1, 7.0 * factor)]
    with h5py.File(omx, "a") as opened:
        opened["data/car"].attrs["units"] = "veh/day"
    with pytest.raises(InputError, match=r"od.omx: column 'car \(veh/day\)' counts a day, and capacities an hour"):
        read_entries(omx)


def test_what_is_no_omx_is_refused(tmp_path: Path):
    pytest.importorskip("h5py")
    with pytest.raises(InputError, match=r"od.omx: the file is missing"):
        read_entries(tmp_path / "od.omx")
    (tmp_path / "od.omx").write_text("text")
    with pytest.raises(InputError, match=r"the file is no HDF5 file"):
        read_entries(tmp_path / "od.omx")
    with pytest.raises(InputError, match=r"demand_period is 'AM', and an OMX file has no period; omit the option"):
        read_entries(tmp_path / "od.omx", DemandPart(period="AM"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("trips_24h", r"od.omx: matrix 'trips_24h' counts a day or more, and capacities are those of one hour"),
        ("car_daily", r"matrix 'car_daily' counts a day"),
        ("weekly", r"matrix 'weekly' counts a day or more"),
        ("AM_7-9", r"matrix 'AM_7-9' counts 2 h, and capacities are those of one hour"),
        ("bus", r"matrix 'bus' is of no cars; set demand_matrix=bus if it holds vehicles on the roads"),
        ("distance", r"matrix 'distance' is of no trips; set demand_matrix=distance"),
    ],
)
def test_a_matrix_of_a_day_or_of_no_cars_is_refused(omx: Path, name: str, message: str):
    change(omx, "data/car", None)
    change(omx, f"data/{name}", np.array([[0.0, 30.5], [7.0, 0.0]]))
    with pytest.raises(InputError, match=message):
        read_entries(omx)
    if name == "bus":
        assert triples(omx, DemandPart(matrix="bus")) == [(1, 2, 30.5), (2, 1, 7.0)]
