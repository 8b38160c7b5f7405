"""A gang of one needs no MPI, and computes what more ranks compute."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.hpc.gang.checkpoint import read_checkpoint, write_checkpoint
from citytide.hpc.gang.gang import Gang
from citytide.hpc.gang.halo import HaloExchange
from citytide.hpc.gang.layout import Place, TileLayout
from citytide.hpc.gang.solo import SoloComm
from citytide.hpc.store.ledger import read_ledger

WITHOUT_MPI = """
import sys
sys.modules["mpi4py"] = None  # its import fails
import spreading
from pathlib import Path
from citytide.hpc.gang.gang import Gang
from citytide.hpc.gang.solo import SoloComm
params = {"seed": 5, "members": 2, "shape": [12, 9], "steps": 6, "every": 2}
spreading.spread(Gang(SoloComm()), {**params, "steps": int(sys.argv[2])}, Path(sys.argv[1]))
"""


def test_messages_to_itself_come_in_their_order() -> None:
    comm = SoloComm()
    values = np.arange(4.0)
    request = comm.Isend(values, 0, tag=7)
    values[:] = -1  # what was sent is a copy
    comm.Send(np.array([9.0]), 0, tag=8)
    later, first, second = np.empty(1), np.empty(4), np.empty(2)
    pending = comm.Irecv(first, 0, tag=7)
    comm.Recv(later, 0, tag=8)
    comm.Send(np.array([1.0, 2.0]), 0, tag=7)
    pending.Wait()
    request.Wait()
    comm.Recv(second, 0, tag=7)
    assert first.tolist() == [0, 1, 2, 3] and later.tolist() == [9] and second.tolist() == [1, 2]
    with pytest.raises(RuntimeError, match=r"must send before it receives from itself, got no message of tag 7$"):
        comm.Recv(second, 0, tag=7)


def test_collectives_of_one_rank_change_nothing() -> None:
    comm, received = SoloComm(), np.zeros(2)
    comm.Allreduce(np.array([1.0, 2.0]), received)
    assert received.tolist() == [1, 2]
    assert comm.bcast("a") == comm.reduce("a") == comm.allreduce("a") == comm.scatter(["a"]) == "a"
    assert comm.gather(1) == comm.allgather(1) == comm.alltoall([1]) == [1]
    with pytest.raises(ValueError, match=r"one rank has rank 0 alone, got 1: ask gang\.size"):
        comm.bcast("a", root=1)
    with pytest.raises(AttributeError, match="has no MPI, and its communicator no 'Split': use the methods of Gang"):
        comm.Split()


def test_what_one_rank_finds_out_is_what_more_would() -> None:
    gang = Gang(SoloComm())
    values = np.array([3.0, np.nan, -0.0])
    for found in (gang.find_maximum(values), gang.find_minimum(values)):
        np.testing.assert_array_equal(found, [3.0, np.nan, 0.0])
        assert not np.signbit(found[2])
    assert gang.find_maximum(np.array([3, 5])).tolist() == [3, 5]
    assert gang.add_up(np.array([1, 2], np.int32)).dtype == np.int64 and gang.is_stopping() is False
    with pytest.raises(TypeError, match="add_up takes whole numbers"):
        gang.add_up(values)


def test_checkpoint_of_one_rank_is_read_back(tmp_path: Path) -> None:
    gang, layout = Gang(SoloComm()), TileLayout((7, 5), 1, 2)
    places: dict[str, Place] = {"level": "cell", "flow_x": "x_face"}
    tile = layout.tiles[0]
    rng = np.random.default_rng(1)
    fields: dict[str, Any] = {
        name: tile.cut(rng.random((2, *layout.whole(place))), -1, place) for name, place in places.items()
    }
    write_checkpoint(gang, layout, tmp_path, 3, fields, places, {"t": 1}, chunk_cells=3)
    empty = {name: np.full_like(field, -1) for name, field in fields.items()}
    found = read_checkpoint(gang, layout, tmp_path, empty, places)
    assert found is not None and found.step == 3 and found.notes == {"t": 1}
    for name, field in fields.items():
        np.testing.assert_array_equal(empty[name], field)
    halo = HaloExchange(gang, layout, places)
    halo.exchange(fields)
    assert halo.neighbours == []


def test_a_domain_is_computed_without_mpi_with_the_bytes_of_two_ranks(tmp_path: Path) -> None:
    pytest.importorskip("mpi4py", reason="mpi4py is not installed: pip install 'citytide[mpi]'")
    from citytide.hpc.gang.launch import launch_gang

    (tmp_path / "one").mkdir()
    for steps in ("4", "6"):  # the second goes on from the first one's checkpoint
        subprocess.run([sys.executable, "-c", WITHOUT_MPI, str(tmp_path / "one"), steps], check=True, timeout=100)
    assert (tmp_path / "one" / "resumed").read_text() == "4"
    params = {"seed": 5, "members": 2, "shape": [12, 9], "steps": 6, "every": 2}
    assert launch_gang("spreading:spread", params, 2, tmp_path / "two").exit_code == 0
    files = {
        name: {str(p.relative_to(tmp_path / name)): p.read_bytes() for p in (tmp_path / name).rglob("step-*/**/*")
               if p.is_file()}
        for name in ("one", "two")
    }  # fmt: skip
    assert files["one"] and files["one"] == files["two"]
    one, two = (np.load(tmp_path / name / "whole.npz") for name in ("one", "two"))
    for name in two.files:
        np.testing.assert_array_equal(one[name], two[name])


def test_block_of_one_rank_runs_where_mpi_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from citytide.workflows import runner

    (tmp_path / "none" / "mpi4py").mkdir(parents=True)
    (tmp_path / "none" / "mpi4py" / "__init__.py").write_text("raise ImportError('no MPI here')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "none"), prepend=os.pathsep)
    run = runner.run("sharing:WORKFLOW", set={"rows": 5, "ranks": 1, "rank_bounds": "0-7"}, out=tmp_path / "run")
    assert run.result["state"] == "done", run.result
    assert run.open("shared").doubled.values.tolist() == [2.0 * row + 91 + 36 for row in range(5)]
    assert (run.path / "work/gang-share/2/result.npz").exists()
    assert not (run.path / "work/gang-share/2/gang.log").exists()  # no process was started
    lines = [line for line in read_ledger(run.path / "ledger.jsonl") if line["kind"] == "block"]
    assert all(line["memory_bytes"] < run.plan.peak_memory_bytes for line in lines)


def test_error_of_one_rank_is_that_of_the_block(tmp_path: Path) -> None:
    from citytide.workflows import runner

    run = runner.run("sharing:WORKFLOW", set={"rows": 2, "ranks": 1, "fail_on": 0}, out=tmp_path / "run")
    assert run.result["state"] == "failed" and "rank 0 will not" in run.result["error"]
