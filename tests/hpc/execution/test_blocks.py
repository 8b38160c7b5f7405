import errno
import hashlib
import json
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.hpc.execution import blocks, reading
from citytide.hpc.execution.blocks import run_blocks
from citytide.hpc.store import shards, stores
from citytide.hpc.store.stores import hash_file, read_arrays

Arrays = dict[str, Any]


@pytest.fixture
def run(tmp_path: Path, make_doubling: Callable[..., Path]) -> Path:
    return make_doubling(tmp_path / "run")


@pytest.fixture
def set_function(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Let every step call this function in place of its own."""
    return lambda function: monkeypatch.setattr(blocks, "load_function", lambda path: function)


def outcomes(run: Path, indices: list[int], **options: Any) -> list[str]:
    return [outcome["outcome"] for outcome in run_blocks(str(run), 1, "double", indices, **options)]


def shard_bytes(run: Path) -> dict[str, bytes]:
    root = run / "staging" / "double.zarr" / "y"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("c/**/*") if path.is_file()}


def test_done_block_tells_what_its_files_hold(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CITYTIDE_JOB", raising=False)
    monkeypatch.delenv("SLURMD_NODENAME", raising=False)
    lines = run_blocks(str(run), 1, "double", [3, 4, 7])
    assert [(line["outcome"], line["step"], line["block"]) for line in lines] == [
        ("done", "double", i) for i in (3, 4, 7)
    ]
    for line in lines:
        ((name, digest),) = line["shards"].items()
        assert hash_file(run / "staging" / "double.zarr" / name) == digest
        assert line["worker"] == f"{os.uname().nodename}:{os.getpid()}" and "job" not in line
        assert 0 < line["compute_seconds"] < line["seconds"] and line["memory_bytes"] > 10**6
    x = np.sqrt(np.arange(12 * 50.0)).reshape(12, 50)
    np.testing.assert_array_equal(read_arrays(run / "staging" / "double.zarr")["y"][[3, 4, 7]], 2 * x[[3, 4, 7]])
    assert json.loads(json.dumps(lines)) == lines and lines[0]["scalars"]["total"] == [x[3].sum()]


def test_job_and_node_stand_in_the_line(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYTIDE_JOB", "r.1.cpu.3")
    monkeypatch.setenv("SLURMD_NODENAME", "node07")
    (line,) = run_blocks(str(run), 1, "double", [0])
    assert line["job"] == "r.1.cpu.3" and line["worker"] == f"node07:{os.getpid()}"


@pytest.mark.parametrize("small", [0, 900, 1 << 22])
def test_bytes_do_not_depend_on_packs_or_on_reading_ahead(
    tmp_path: Path, make_doubling: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    alone, packed = (make_doubling(tmp_path / name, per_block=2) for name in ("alone", "packed"))
    for index in range(6):
        assert outcomes(alone, [index]) == ["done"]
    monkeypatch.setattr(reading, "SMALL_BYTES", small)  # a row has 400 bytes: rows are read one block or all at once
    assert outcomes(packed, [0, 1, 2]) + outcomes(packed, [5, 3, 4]) == 6 * ["done"]
    assert shard_bytes(alone) == shard_bytes(packed)


def test_rows_of_a_pack_are_read_at_once(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zarr

    monkeypatch.setattr(reading, "SMALL_BYTES", 5 * 400)
    asked: list[Any] = []
    real = zarr.Array.__getitem__
    monkeypatch.setattr(zarr.Array, "__getitem__", lambda array, key: (asked.append(key), real(array, key))[1])
    assert outcomes(run, list(range(12))) == 12 * ["done"]
    assert [key for key in asked if isinstance(key, slice)] == [slice(0, 5), slice(5, 10), slice(10, 12)]


def test_names_are_on_disk_before_a_block_counts(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    write, sync = shards.write_file, stores.sync_folder
    monkeypatch.setattr(stores, "write_file", lambda path, data: (calls.append(path), write(path, data))[1])
    monkeypatch.setattr(stores, "sync_folder", lambda folder: (calls.append(str(folder)), sync(folder))[1])
    assert outcomes(run, [0, 1]) == ["done", "done"]
    root = str(run / "staging" / "double.zarr")
    assert calls[:2] == [f"{root}/y/c/0/0", f"{root}/y/c/1/0"]
    assert set(calls[2:4]) == {f"{root}/y/c/0", f"{root}/y/c/1"} and calls[4:] == [f"{root}/y/c", f"{root}/y", root]


def test_unsynced_names_do_not_count(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: str) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(stores, "sync_folder", fail)
    failed, stopped = run_blocks(str(run), 1, "double", [4, 5])
    assert (failed["outcome"], failed["block"], failed["errno"]) == ("failed", 4, errno.EIO)
    assert stopped == {"outcome": "stopped", "block": 5}


def test_failed_block_is_told_as_text_and_stops_its_pack(tmp_path: Path, make_doubling: Callable[..., Path]) -> None:
    run = make_doubling(tmp_path / "run", trouble="raise")
    done, failed, stopped = run_blocks(str(run), 1, "double", [2, 3, 4])
    assert done["outcome"] == "done" and stopped == {"outcome": "stopped", "block": 4}
    assert {key: failed[key] for key in ("outcome", "block", "type", "message", "errno")} == {
        "outcome": "failed", "block": 3, "type": "ZeroDivisionError", "message": "row 3 is too much", "errno": None,
    }  # fmt: skip
    assert "doubling.py" in failed["trace"] and "blocks.py" not in failed["trace"]


def test_error_that_no_other_process_can_read_is_told_all_the_same(run: Path, set_function) -> None:
    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise ValueError

        def __reduce__(self) -> Any:
            raise TypeError

    def fail(arrays: Arrays, **params: Any) -> Arrays:
        raise UnspeakableError

    set_function(fail)
    (failed,) = pickle.loads(pickle.dumps(run_blocks(str(run), 1, "double", [0])))
    assert failed["type"] == "UnspeakableError" and failed["message"] == ""


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_interrupt_is_not_an_outcome(run: Path, set_function, error: type[BaseException]) -> None:
    def interrupt(arrays: Arrays, **params: Any) -> Arrays:
        raise error

    set_function(interrupt)
    with pytest.raises(error):
        run_blocks(str(run), 1, "double", [0])


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(errno.ENOSPC, "no space left on the disk of"), (errno.EDQUOT, "the quota is used up on the disk of")],
)
def test_full_disk_is_named_with_the_way_out(
    run: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    def fail(path: str, data: bytes) -> str:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(stores, "write_file", fail)
    (failed,) = run_blocks(str(run), 1, "double", [0])
    assert failed["errno"] == number and failed["message"].startswith(f"{sentence} {run}: make space")
    assert f"citytide resume {run}" in failed["message"]


def test_nothing_starts_in_a_run_that_is_being_stopped(run: Path, set_function) -> None:
    def stop(arrays: Arrays, **params: Any) -> Arrays:
        (run / "stop").touch()
        return {"y": arrays["x"] * 2.0, "total": arrays["x"].sum(axis=1)}

    set_function(stop)
    assert outcomes(run, [0, 1, 2]) == ["done", "stopped", "stopped"]


@pytest.mark.parametrize(
    ("left_s", "expected_s", "outcome"),
    [
        (60, 50, "done"),
        (60, 55, "declined"),
        (5, 0, "done"),
        (1, 0, "declined"),
        (-9, 0, "declined"),
        (None, 1e9, "done"),
    ],
)
def test_no_block_starts_that_cannot_end_in_its_allocation(
    run: Path, monkeypatch: pytest.MonkeyPatch, left_s: float | None, expected_s: float, outcome: str
) -> None:
    monkeypatch.delenv("CITYTIDE_DEADLINE", raising=False)
    if left_s is not None:
        monkeypatch.setenv("CITYTIDE_DEADLINE", str(time.time() + left_s))
    assert outcomes(run, [0], expected_s=expected_s) == [outcome]


def test_time_is_looked_at_before_every_block(run: Path, monkeypatch: pytest.MonkeyPatch, set_function) -> None:
    def linger(arrays: Arrays, **params: Any) -> Arrays:
        monkeypatch.setenv("CITYTIDE_DEADLINE", str(time.time()))
        return {"y": arrays["x"] * 2.0, "total": arrays["x"].sum(axis=1)}

    monkeypatch.setenv("CITYTIDE_DEADLINE", str(time.time() + 60))
    set_function(linger)
    assert outcomes(run, [0, 1], expected_s=1.0) == ["done", "declined"]


def test_block_handed_out_before_the_first_one_ended_knows_how_long_that_took(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYTIDE_DEADLINE", str(time.time() + 60))
    assert outcomes(run, [0]) == ["done"]
    monkeypatch.setattr(blocks, "LONGEST", {key: 90.0 for key in blocks.LONGEST})
    assert outcomes(run, [1]) == ["declined"]


@pytest.mark.parametrize("small", [0, 1 << 22])
def test_block_cannot_change_what_the_next_one_reads(
    run: Path, monkeypatch: pytest.MonkeyPatch, set_function, small: int
) -> None:
    def scribble(arrays: Arrays, **params: Any) -> Arrays:
        arrays["x"] *= 2.0
        return {"y": arrays["x"], "total": arrays["x"].sum(axis=1)}

    monkeypatch.setattr(reading, "SMALL_BYTES", small)
    set_function(scribble)
    failed, _ = run_blocks(str(run), 1, "double", [0, 1])
    assert failed["outcome"] == "failed" and "read-only" in failed["message"]


def test_partial_results_have_the_hash_of_their_file(run: Path) -> None:
    assert outcomes(run, list(range(12))) == 12 * ["done"]
    (line,) = run_blocks(str(run), 1, "ends-chunk", [4])
    ((name, digest),) = line["shards"].items()
    assert name == "work/ends-chunk/4.npz" and hashlib.sha256((run / name).read_bytes()).hexdigest() == digest
