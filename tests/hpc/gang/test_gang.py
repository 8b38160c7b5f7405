from __future__ import annotations

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

from citytide.hpc.errors import RunError
from citytide.hpc.gang.gang import Gang
from citytide.hpc.gang.launch import GangEnd, launch_gang

PARAMS: dict[str, Any] = {"shape": [23, 31], "members": 2, "seed": 4, "steps": 12, "every": 4}


def compute(folder: Path, ranks: int, **changed: Any) -> GangEnd:
    return launch_gang("spreading:spread", PARAMS | changed, ranks, folder)


def whole(folder: Path) -> dict[str, bytes]:
    with np.load(folder / "whole.npz") as arrays:
        return {name: array.tobytes() for name, array in arrays.items()}


def stored(folder: Path) -> dict[str, bytes]:
    """Every file of the checkpoints, by name."""
    root = folder / "checkpoints"
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy on one rank."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2] / "support")
    try:
        folder = tmp_path_factory.mktemp("alone")
        assert compute(folder, 1) == GangEnd(0)
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
    return folder


@pytest.mark.parametrize("ranks", [2, 4])
def test_any_number_of_ranks_computes_and_stores_the_same_bytes(tmp_path: Path, alone: Path, ranks: int) -> None:
    assert compute(tmp_path, ranks) == GangEnd(0)
    assert whole(tmp_path) == whole(alone)
    assert stored(tmp_path) == stored(alone)
    assert {name.split("/")[0] for name in stored(alone)} == {"step-000000000008.zarr", "step-000000000012.zarr"}


def test_the_toy_spreads(alone: Path) -> None:
    """The equality of bytes would hold for a stencil that does nothing, too."""
    import spreading  # type: ignore[import-not-found]

    with np.load(alone / "whole.npz") as arrays:
        assert np.abs(arrays["level"] - spreading.whole_start(PARAMS)).min() > 0
        assert arrays["flow_x"].shape == (2, 23, 32) and np.abs(arrays["flow_x"]).min() > 0


@pytest.mark.parametrize(("killed", "ranks", "again"), [(0, 3, 2), (1, 2, 4)])
def test_a_kill_within_a_checkpoint_leaves_the_one_before_for_another_number_of_ranks(
    tmp_path: Path, alone: Path, killed: int, ranks: int, again: int
) -> None:
    end = compute(tmp_path, ranks, kill=[8, killed])
    assert end.exit_code != 0 and "gang.log" in end.errors[0]
    kept = tmp_path / "checkpoints"
    assert [path.name for path in kept.glob("*.zarr")] == ["step-000000000004.zarr"]
    assert any((kept / "step-000000000008.partial").rglob("c/*"))
    assert compute(tmp_path, again) == GangEnd(0)
    assert (tmp_path / "resumed").read_text() == "4"
    assert whole(tmp_path) == whole(alone)
    assert stored(tmp_path) == stored(alone)


def test_a_changed_byte_in_a_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    assert compute(tmp_path, 2, steps=4) == GangEnd(0)
    chunk = sorted((tmp_path / "checkpoints" / "step-000000000004.zarr" / "level").glob("c/0/*/*"))[2]
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 1
    chunk.write_bytes(data)
    end = compute(tmp_path, 2)
    assert end.exit_code == 1 and len(end.errors) == 1
    assert "level/c/0/0/2 is not what was written; remove it, and the previous checkpoint is used" in end.errors[0]


def test_a_checkpoint_of_another_domain_is_refused(tmp_path: Path) -> None:
    assert compute(tmp_path, 1, steps=4) == GangEnd(0)
    end = compute(tmp_path, 2, shape=[23, 30])
    assert end.exit_code == 1 and "(2, 23, 30)" in end.errors[0]


def test_an_error_of_one_rank_ends_all_and_is_named_once(tmp_path: Path) -> None:
    end = launch_gang("spreading:fail_on", {"rank": 1}, 3, tmp_path)
    assert end == GangEnd(1, ("rank 1: ValueError: no such cell",))


def test_a_world_of_another_size_is_refused(tmp_path: Path) -> None:
    """A launcher of another MPI starts worlds of one: each would compute everything."""
    assert compute(tmp_path, 2, steps=0) == GangEnd(0)
    alone = subprocess.run([sys.executable, "-m", "citytide.hpc.gang.gang", str(tmp_path)], check=False)
    assert alone.returncode == 2
    (error,) = (tmp_path / "errors").glob("*.json")
    assert "MPI made a world of 1 where 2 ranks were asked for" in error.read_text()


def test_the_wish_to_stop_reaches_all_ranks_at_the_same_step(tmp_path: Path) -> None:
    params = PARAMS | {"steps": 4000, "pause_s": 0.02}
    code = (
        "import sys; from pathlib import Path; from citytide.hpc.gang.launch import launch_gang\n"
        f"end = launch_gang('spreading:spread', {params!r}, 2, Path({str(tmp_path)!r}))\n"
        "sys.exit(end.exit_code)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("checkpoints/step-*.zarr")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
    steps = {(tmp_path / f"stopped-{rank}").read_text() for rank in (0, 1)}
    assert len(steps) == 1 and int(steps.pop()) >= 4


@pytest.mark.parametrize("ranks", [1, 4, 6])
def test_a_halo_holds_what_the_neighbours_own(tmp_path: Path, ranks: int) -> None:
    """Corners, the halo's outer faces, and tiles no wider than the reach."""
    domains = [[[23, 31], 1], [[9, 9], 3], [[40, 6], 2], [[6, 40], 3]]
    assert launch_gang("spreading:fill_halos", {"domains": domains}, ranks, tmp_path) == GangEnd(0)


def test_extremes_are_exact_where_mpi_leaves_them_open(tmp_path: Path) -> None:
    rows = [["1", "nan", "-0.0", "-inf"], ["2", "3", "0.0", "-inf"], ["-5", "4", "-0.0", "7"]]
    assert launch_gang("spreading:reduce_values", {"rows": rows}, 3, tmp_path) == GangEnd(0)
    found = [np.load(tmp_path / f"found-{rank}.npz") for rank in range(3)]
    for one in found:
        assert one["top"].tobytes() == np.array([2.0, np.nan, 0.0, 7.0]).tobytes()
        assert one["low"].tobytes() == np.array([-5.0, np.nan, 0.0, -np.inf]).tobytes()
        assert one["total"].tolist() == [6, 3 * 2**40]


def test_only_whole_numbers_add_up() -> None:
    nobody = SimpleNamespace(Get_rank=lambda: 0, Get_size=lambda: 1)
    with pytest.raises(TypeError, match="add_up takes whole numbers"):
        Gang(nobody).add_up([0.5])


def test_no_launcher_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunError, match="there is no srun on PATH"):
        launch_gang("spreading:spread", {}, 2, tmp_path, launcher="srun")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(RunError, match=r"citytide\[mpi\]"):
        launch_gang("spreading:spread", {}, 2, tmp_path)
    with pytest.raises(RunError, match="ranks must be at least 1, got"):
        launch_gang("spreading:spread", {}, 0, tmp_path)
