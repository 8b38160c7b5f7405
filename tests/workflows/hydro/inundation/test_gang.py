"""One flood on several ranks: the bytes of one process, also after a kill and with another number of ranks."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("mpi4py", reason="mpi4py is not installed: pip install 'citytide[mpi]'")

import citytide
from citytide.hpc.errors import RunError
from citytide.hpc.gang.blocks import _read_parts
from citytide.hpc.gang.gang import Gang
from citytide.hpc.gang.launch import launch_gang
from citytide.hpc.plan.grants import WORKER_BYTES
from citytide.hpc.run.runs import Run
from citytide.hpc.store import stores
from citytide.hpc.store.ledger import read_ledger
from citytide.workflows.hydro.inundation.gang import simulate_on_ranks
from citytide.workflows.hydro.simulation.case import FloodCase
from citytide.workflows.hydro.simulation.simulate import simulate_flood

WORK = "citytide.hpc.gang.blocks:work_on_block"
SETTINGS = {
    "rain_factors": "0.5,2", "edges": "open", "infiltration_mm_h": 5, "window_steps": 4,
    "rain": "80", "duration_minutes": 12, "output_minutes": 1, "crs": "local",
}  # fmt: skip


def write_valley(folder: Path) -> str:
    """A valley of 23 by 31 cells with bumps, a hole that is no ground, and no symmetry."""
    y, x = np.mgrid[:23, :31]
    height = 0.02 * (y - 9.0) ** 2 + 0.03 * x + 0.4 * np.sin(1.3 * x + 0.7 * y)
    height[3:6, 20:24] = -9.0
    head = "ncols 31\nnrows 23\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -9\n"
    path = folder / "valley.asc"
    path.write_text(head + "\n".join(" ".join(f"{value:.3f}" for value in row) for row in height) + "\n")
    return str(path)


def flood(folder: Path, ranks: int, **changed: Any) -> Run:
    folder.mkdir(exist_ok=True)
    river, tide = folder / "river.csv", folder / "tide.csv"
    river.write_text("time (min),flow (m3/s)\n0,1\n5.5,3\n20,0.5\n")
    tide.write_text("time (min),level (m)\n0,0.1\n2,1.5\n20,0.5\n")
    if changed.pop("has_tide", False):
        changed["sea_level"] = str(tide)
    asked = {**SETTINGS, **changed, "terrain": write_valley(folder), "inflow": f"65 45 {river}", "ranks": ranks}
    run = citytide.run("inundation", set=asked, out=folder / "run")
    assert run.result["state"] == "done", run.result
    return run


def products(run: Run) -> dict[str, bytes]:
    return {
        str(path.relative_to(run.path)): path.read_bytes()
        for product in run.products.values()
        for path in sorted(product.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return flood(tmp_path_factory.mktemp("alone") / "one", 1)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return flood(tmp_path_factory.mktemp("together") / "two", 2)


def test_the_valley_is_flooded_and_drains_over_its_edges(alone: Run) -> None:
    """The equality of bytes would hold for water that stands still, too."""
    data = alone.open("flood")
    assert (data.deepest.max(("y", "x")) > 0.3).all() and (data.edge_m3 < -10).all() and (data.lost_m3 > 10).all()
    np.testing.assert_allclose(data.inflow_m3, 60 * (5.5 * 2.0 + 6.5 * (3.0 - 0.5 * 6.5 * 2.5 / 14.5)))
    assert len({int(steps) for steps in data.n_steps}) == 2  # each member has its own time step


def test_two_ranks_leave_the_bytes_of_one_process(alone: Run, together: Run) -> None:
    assert products(together) == products(alone)
    assert together.status()["devices"] == together.result["devices"] == {"inundation": ["numba"]}


def test_four_ranks_leave_the_bytes_of_one_process(alone: Run, tmp_path: Path) -> None:
    assert products(flood(tmp_path / "four", 4)) == products(alone)


def test_looks_in_shards_of_their_own_are_the_same_from_blocks_of_members_and_from_ranks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "SHARD_BYTES", 10_000)  # three looks of 23 x 31 cells
    changed = {"rain_factors": "0.5,1,2", "duration_minutes": 7}
    one = flood(tmp_path / "one", 1, **changed, members_per_block=3)
    assert products(one) == products(flood(tmp_path / "two", 2, **changed, members_per_block=2))
    assert len([name for name in products(one) if name.startswith("flood.zarr/depth/c/")]) == 3 * 3


def test_double_precision_is_the_same_on_ranks(tmp_path: Path) -> None:
    changed = {"precision": "float64", "edges": "closed", "has_tide": True, "duration_minutes": 3}
    changed |= {"infiltration_mm_h": 0, "soil": "clay-loam"}
    one = flood(tmp_path / "a", 1, **changed)
    assert products(one) == products(flood(tmp_path / "b", 3, **changed))
    assert (one.open("flood").edge_m3 > 1000).all()


@pytest.mark.parametrize("ranks", [2, 4])
def test_shallow_water_is_the_same_on_ranks(tmp_path: Path, ranks: int) -> None:
    """Held cells take the momentum of water that may be a neighbour's."""
    changed = {"scheme": "shallow-water", "has_tide": True, "edges": "closed", "duration_minutes": 3}
    one = flood(tmp_path / "a", 1, **changed)
    assert products(one) == products(flood(tmp_path / "b", ranks, **changed))
    assert (one.open("flood").edge_m3 > 1000).all() and (abs(one.open("flood").balance) < 1e-5).all()


def begin_gang(run: Run, folder: Path, ranks: int) -> subprocess.Popen[bytes]:
    code = (
        "import sys; from pathlib import Path; from citytide.hpc.gang.launch import launch_gang\n"
        f"end = launch_gang({WORK!r}, {order(run)!r}, {ranks}, Path({str(folder)!r}))\n"
        "sys.exit(end.exit_code)"
    )
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True)


def order(run: Run) -> dict[str, Any]:
    return {"run": str(run.path), "step": "inundation", "block": 0}


def wait_for_checkpoint(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not any(folder.glob("checkpoints/step-*.zarr")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)


def ranks_at_work(folder: Path) -> list[int]:
    """Process numbers of the ranks that compute in the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"citytide.hpc.gang.gang" in words and str(folder).encode() in words and b"-n" not in words:
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize(("killed", "again"), [(2, 3), (3, 1)])
def test_killed_ranks_are_taken_up_by_another_number_of_them(
    together: Run, tmp_path: Path, killed: int, again: int
) -> None:
    process = begin_gang(together, tmp_path, killed)
    wait_for_checkpoint(tmp_path, process)
    for pid in ranks_at_work(tmp_path):
        with contextlib.suppress(ProcessLookupError):  # the first one's death may have ended the others
            os.kill(pid, signal.SIGKILL)
    assert process.wait(timeout=300) != 0 and not (tmp_path / "result.npz").exists()
    before = {path.name for path in tmp_path.glob("checkpoints/step-*.zarr")}
    assert before and launch_gang(WORK, order(together), again, tmp_path).exit_code == 0
    with np.load(tmp_path / "result.npz") as rest:
        parts = _read_parts(tmp_path / "parts")
        found, data = {**rest, "depth": np.concatenate([part.values for part in parts], axis=1)}, together.open("flood")
        assert found["n_steps"].tolist() == data.n_steps.values.tolist()
        for name in ("depth", "deepest", "arrival", "duration", "edge_m3", "lost_m3", "stored_m3", "balance"):
            np.testing.assert_array_equal(found[name], data[name].values, err_msg=name)


def test_part_that_is_not_what_was_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "parts" / "depth").mkdir(parents=True)
    (tmp_path / "parts" / "depth" / "3.npz").write_bytes(b"torn")
    with pytest.raises(RunError, match=r"depth/3.npz is not what was written .*; remove .* to begin again"):
        list(_read_parts(tmp_path / "parts"))


def test_memory_of_ranks_is_measured_and_within_what_was_declared(together: Run) -> None:
    lines = read_ledger(together.path / "ledger.jsonl")
    (line,) = [line for line in lines if line["kind"] == "block" and line["step"] == "inundation"]
    step = together.plan.step("inundation")
    assert 2 * 10**8 < line["memory_bytes"] <= WORKER_BYTES + step.memory_bytes
    assert step.ranks == 2 and step.memory_bytes > 2 * step.rank_bytes


def test_ranks_end_with_the_worker_that_started_them(together: Run, tmp_path: Path) -> None:
    process = begin_gang(together, tmp_path, 2)
    wait_for_checkpoint(tmp_path, process)
    assert len(ranks_at_work(tmp_path)) == 2
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while ranks_at_work(tmp_path):
        assert time.monotonic() < deadline, "ranks go on without anyone to hand their work to"
        time.sleep(0.05)


def test_more_ranks_than_the_ground_can_be_cut_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="800 ranks"):
        flood(tmp_path / "many", 800)


class OneRank:
    """MPI's world of a single process."""

    def Get_rank(self) -> int:
        return 0

    def Get_size(self) -> int:
        return 1

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def Isend(self, values: Any, rank: int, tag: int) -> Any:
        self.sent.append(values.copy())
        return SimpleNamespace(Wait=lambda: None)

    def Recv(self, buffer: Any, rank: int, tag: int) -> None:
        buffer[...] = self.sent.pop(0)

    def Barrier(self) -> None:
        pass

    def bcast(self, value: Any, root: int = 0) -> Any:
        return value

    def gather(self, value: Any, root: int = 0) -> list[Any]:
        return [value]

    def allgather(self, value: Any) -> list[Any]:
        return [value]


def make_road_case(**changed: Any) -> FloodCase:
    """A slope under a cloudburst that ends before the second output, with a bridge and two links on the ground."""
    shape = (5, 8)
    height = np.linspace(1.0, 0.0, 8) * np.ones(shape)
    arrays = {
        "height": height, "manning": np.full(shape, 0.03), "valid": np.ones(shape, bool),
        "held": np.zeros(shape, bool), "sea_depth": np.zeros(shape), "rain": np.array([[[300.0]], [[0.0]]]),
        "rain_start_s": np.array([0.0, 90.0]), "rain_factor": np.array([1.0, 2.0]),
        "rain_zone": np.zeros(shape, np.uint8), "sea_s": np.zeros(1), "sea_level_m": np.full(1, -1e4),
        "inflow_row": np.zeros(0, int), "inflow_column": np.zeros(0, int), "inflow_s": np.zeros(1),
        "inflow_m3_s": np.zeros((1, 0)), "link_cell_offset": np.array([0, 3, 5, 6]),
        "link_cell_column": np.array([2, 10, 18, 23, 31, 12]), "link_level": np.array([0, 0, 1], np.int8),
    }  # fmt: skip
    asked: dict[str, Any] = {
        "grid": {"west": 0.0, "south": 0.0, "cell_m": 10.0, "n_y": 5, "n_x": 8}, "rain_grid": None,
        "rain_end_s": np.inf, "output_s": [60.0, 400.0, 800.0], "infiltration_mm_h": 0.0, "drainage_mm_h": 0.0,
        "threshold_m": 0.01, "courant": 0.45, "theta": 0.8, "scheme": "inertia", "window_steps": 8,
        "precision": "float32", **changed,
    }  # fmt: skip
    return FloodCase.from_arrays(arrays, **asked)


def collect(parts: Any, most: int | None = None) -> dict[str, np.ndarray]:
    """Parts by name and place, and the result, bytes of both; or only the first ones."""
    found: dict[str, np.ndarray] = {}
    while most is None or len(found) < most:
        try:
            name, at, values = next(parts)
        except StopIteration as end:
            return found | end.value
        found[f"{name} {at}"] = values
    return found


@pytest.mark.parametrize("scheme", ["inertia", "shallow-water"])
def test_roads_have_the_same_bytes_on_ranks_and_after_a_checkpoint(tmp_path: Path, scheme: str) -> None:
    """The interval's maps of a gang that is taken up again are made anew from depth and flows."""
    case = make_road_case(scheme=scheme)
    alone = collect(simulate_flood(case))
    assert (alone["link_depth 1"][:, 0, 0] > 2.0 * alone["depth 1"][:, 0].max()).any() or alone["link_hazard 1"].any()
    begun = collect(simulate_on_ranks(Gang(OneRank()), case, tmp_path), most=4)  # up to the first checkpoint
    assert len(list(tmp_path.glob("checkpoints/step-*.zarr"))) == 1
    rest = collect(simulate_on_ranks(Gang(OneRank()), case, tmp_path))
    assert "link_depth 0" not in rest and (begun | rest).keys() == alone.keys()
    for name, values in (begun | rest).items():
        assert np.asarray(values).tobytes() == np.asarray(alone[name]).tobytes(), name


def test_roads_of_a_city_have_the_same_bytes_on_two_ranks(tmp_path: Path) -> None:
    asked = {"duration_minutes": 4, "output_minutes": 2, "rain": "120"}
    one = citytide.run("inundation", set=asked, out=tmp_path / "one")
    two = citytide.run("inundation", set={**asked, "ranks": 2}, out=tmp_path / "two")
    assert one.result["state"] == two.result["state"] == "done" and products(one) == products(two)
    assert one.open("flood").link_depth.values.max() > 0.0


def test_ranks_refuse_a_gpu(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="ranks compute on CPUs only, got device=gpu with 1 ranks: set ranks=1"):
        next(simulate_on_ranks(Gang(OneRank()), make_road_case(device="gpu"), tmp_path))
